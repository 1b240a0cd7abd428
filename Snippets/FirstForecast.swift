import Recurrent

let spots = try TimeSeries(csv: "Examples/data/sunspots.csv")
let forecaster = try Forecaster.fit(spots, horizon: 11)
print(try forecaster.forecast().quantile(0.9))
