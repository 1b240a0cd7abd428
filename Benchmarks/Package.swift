// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "recurrent-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-recurrent", path: "..", traits: [])],
    targets: [
        .executableTarget(
            name: "FamilyBench", dependencies: [.product(name: "Recurrent", package: "swift-recurrent")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "LongLag", dependencies: [.product(name: "Recurrent", package: "swift-recurrent")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "ForecastBench", dependencies: [.product(name: "Recurrent", package: "swift-recurrent")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "MovingMNIST", dependencies: [.product(name: "Recurrent", package: "swift-recurrent")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "EndToEnd", dependencies: ["LineProtocol", .product(name: "Recurrent", package: "swift-recurrent")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "PopulationBench",
            dependencies: ["LineProtocol", .product(name: "Recurrent", package: "swift-recurrent")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .target(name: "CReadBench"),
        .target(name: "LineProtocol", swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "StepBench",
            dependencies: ["CReadBench", "LineProtocol", .product(name: "Recurrent", package: "swift-recurrent")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
