@_exported public import RecurrentAutodiff
@_exported public import RecurrentCharts
@_exported public import RecurrentData
@_exported public import RecurrentFormats
@_exported public import RecurrentNN
@_exported public import RecurrentTasks
@_exported public import RecurrentTensor
@_exported public import RecurrentTraining
