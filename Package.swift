// swift-tools-version: 6.2
import PackageDescription

// MARK: - Settings

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ room: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: room + "Tests", dependencies: [.byName(name: room), "RecurrentTestSupport"] + dependencies,
        exclude: excludedFixtures(room), swiftSettings: settings)
}

// Fixtures are read from the source tree, not copied into the build.
func excludedFixtures(_ room: String) -> [String] {
    let rooms = [
        "RecurrentData", "RecurrentFormats", "RecurrentInterchange", "RecurrentNN", "RecurrentSearch",
        "RecurrentTasks", "RecurrentTraining",
    ]
    return rooms.contains(room) ? ["Fixtures"] : []
}

let package = Package(
    name: "swift-recurrent",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Recurrent", targets: ["Recurrent"]),
        .executable(name: "recurrent", targets: ["RecurrentCLI"]),
    ],
    traits: [
        .trait(name: "CLI", description: "The command-line program `recurrent`, with its packages."),
        .default(enabledTraits: ["CLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],

    // MARK: - Rooms. A room imports only rooms with a smaller number.
    targets: [
        /* 0 */ .target(name: "CRecurrentKernels"),
        /* 1 */ room("RecurrentTensor", ["CRecurrentKernels"]),
        /* 1 */ room("RecurrentCharts", []),
        /* 2 */ room("RecurrentAutodiff", ["RecurrentTensor"]),
        /* 2 */ room("RecurrentData", ["RecurrentTensor"]),
        /* 2 */ room("RecurrentFormats", ["RecurrentTensor"]),
        /* 3 */ room("RecurrentNN", ["RecurrentAutodiff", "RecurrentTensor"]),
        /* 4 */ room(
            "RecurrentInterchange",
            ["RecurrentNN", "RecurrentAutodiff", "RecurrentData", "RecurrentFormats", "RecurrentTensor"]),
        /* 5 */ room(
            "RecurrentTraining",
            ["RecurrentNN", "RecurrentAutodiff", "RecurrentFormats", "RecurrentTensor"]),
        /* 6 */ room(
            "RecurrentTasks",
            [
                "RecurrentTraining", "RecurrentInterchange", "RecurrentNN", "RecurrentAutodiff", "RecurrentData",
                "RecurrentFormats", "RecurrentTensor", "RecurrentCharts",
            ]),
        /* 6 */ room(
            "RecurrentSearch",
            [
                "RecurrentTraining", "RecurrentInterchange", "RecurrentNN", "RecurrentAutodiff", "RecurrentData",
                "RecurrentFormats", "RecurrentTensor", "RecurrentCharts",
            ]),
        /* 7 */ room(
            "Recurrent",
            [
                "RecurrentSearch", "RecurrentTasks", "RecurrentTraining", "RecurrentInterchange", "RecurrentNN",
                "RecurrentAutodiff",
                "RecurrentData", "RecurrentFormats", "RecurrentTensor", "RecurrentCharts",
            ]),
        /* 8 */ .executableTarget(
            name: "RecurrentCLI",
            // Every room that it imports: what reaches it through the umbrella alone would not be compiled again after a change.
            dependencies: [
                "Recurrent", "RecurrentSearch", "RecurrentTasks", "RecurrentTraining", "RecurrentInterchange",
                "RecurrentNN", "RecurrentAutodiff", "RecurrentData", "RecurrentFormats", "RecurrentTensor",
                "RecurrentCharts",
                .product(
                    name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["CLI"])),
                .product(name: "TOMLKit", package: "TOMLKit", condition: .when(traits: ["CLI"])),
            ],
            swiftSettings: settings),
        .target(
            name: "RecurrentTestSupport",
            dependencies: [
                "Recurrent", "RecurrentNN", "RecurrentAutodiff", "RecurrentFormats", "RecurrentTensor",
            ], swiftSettings: settings),

        // MARK: - Tests mirror the rooms
        tests("RecurrentTensor", []),
        tests("RecurrentCharts", []),
        tests("RecurrentAutodiff", ["RecurrentTensor"]),
        tests("RecurrentData", ["RecurrentTensor"]),
        tests("RecurrentFormats", ["RecurrentTensor"]),
        tests("RecurrentNN", ["RecurrentAutodiff", "RecurrentFormats", "RecurrentTensor"]),
        tests(
            "RecurrentInterchange",
            ["RecurrentNN", "RecurrentAutodiff", "RecurrentData", "RecurrentFormats", "RecurrentTensor"]),
        tests(
            "RecurrentTasks",
            [
                "RecurrentTraining", "RecurrentNN", "RecurrentAutodiff", "RecurrentData", "RecurrentFormats",
                "RecurrentTensor",
            ]),
        tests(
            "RecurrentSearch",
            [
                "RecurrentTraining", "RecurrentNN", "RecurrentAutodiff", "RecurrentCharts", "RecurrentFormats",
                "RecurrentTensor",
            ]),
        tests("RecurrentCLI", ["RecurrentData", "RecurrentFormats", "RecurrentTensor"]),
        tests("Recurrent", ["RecurrentFormats", "RecurrentTensor"]),
        tests("RecurrentTraining", ["RecurrentNN", "RecurrentAutodiff", "RecurrentFormats", "RecurrentTensor"]),
    ]
)
