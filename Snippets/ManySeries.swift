import Recurrent

let set = try TimeSeriesSet(csv: "Examples/data/co2.csv")
var options = ForecastOptions()
options.horizon = 24
let model = try Forecaster.fit(set, options: options)
print(model.backtest?.verdict ?? "too short to be judged")
try model.save(to: "co2-model")
let again = try Forecaster(folder: "co2-model")
for forecast in try again.forecasts() { print(forecast.id, forecast.median) }
