// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// Only the rooms that read files and run graphs of them are built with the sanitizers, through links to their sources: the
// whole package would take several times as long, and none of its other rooms sees a byte that these have not checked.
let package = Package(
    name: "recurrent-fuzzing",
    platforms: [.macOS(.v15)],
    targets: [
        .target(name: "CRecurrentKernels"),
        .target(name: "RecurrentTensor", dependencies: ["CRecurrentKernels"], swiftSettings: settings),
        .target(name: "RecurrentFormats", dependencies: ["RecurrentTensor"], swiftSettings: settings),
        .target(name: "RecurrentData", dependencies: ["RecurrentTensor"], swiftSettings: settings),
        .target(name: "RecurrentAutodiff", dependencies: ["RecurrentTensor"], swiftSettings: settings),
        .target(name: "RecurrentNN", dependencies: ["RecurrentAutodiff", "RecurrentTensor"], swiftSettings: settings),
        .target(
            name: "RecurrentInterchange",
            dependencies: ["RecurrentNN", "RecurrentAutodiff", "RecurrentData", "RecurrentFormats", "RecurrentTensor"],
            swiftSettings: settings),
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "RecurrentFuzz",
            dependencies: [
                "CFuzzer", "RecurrentInterchange", "RecurrentData", "RecurrentFormats", "RecurrentTensor",
            ],
            swiftSettings: settings),
    ]
)
