import CRecurrentKernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The threads on which kernels run: persistent, waiting briefly in a spin and then asleep.
///
/// A region `run(parts:)` hands part k to thread k mod n, the caller being thread 0, and returns when all parts are done.
/// While a region is open every other one, nested or from another task, runs in its caller alone: the split never changes
/// a result, so that only time depends on it. Denormal numbers count as zero within a region, on every thread alike.
package final class ThreadPool: Sendable {
    package static let shared = ThreadPool()

    private let busy = Atomic(false)
    private let requested = Atomic(0)
    // Grows under `busy`, which makes its owner the only one to touch it.
    private let workers = Mutex<[Worker]>([])

    /// How many threads a region uses, the caller included; at least 1.
    package var threadCount: Int {
        get {
            let count = requested.load(ordering: .relaxed)
            return count > 0 ? count : ThreadPool.availableProcessors
        }
        set { requested.store(max(1, min(newValue, 1024)), ordering: .relaxed) }
    }

    /// Calls `body` once for each part in `0..<parts`, spread over the threads; returns when all calls have returned.
    package func run(parts: Int, _ body: (Int) -> Void) {
        guard parts > 0 else { return }
        let saved = rk_enter_region()
        defer { rk_leave_region(saved) }
        let threads = min(parts, threadCount)
        guard threads > 1, busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            for part in 0..<parts { body(part) }
            return
        }
        defer { busy.store(false, ordering: .releasing) }
        let team = team(of: threads - 1)
        open(parts: parts, threads: team.count + 1, team, body)
    }

    /// Calls `body` once for each part in `0..<parts`, all at the same time, so that parts may wait for one another.
    ///
    /// Returns false, having called nothing, where that cannot be promised: within another region, or with more parts than
    /// threads.
    package func runTogether(parts: Int, _ body: (Int) -> Void) -> Bool {
        guard parts > 1, parts <= threadCount,
            busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        else { return false }
        defer { busy.store(false, ordering: .releasing) }
        let team = team(of: parts - 1)
        guard team.count == parts - 1 else { return false }
        let saved = rk_enter_region()
        defer { rk_leave_region(saved) }
        open(parts: parts, threads: parts, team, body)
        return true
    }

    private func open(parts: Int, threads: Int, _ team: ArraySlice<Worker>, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            let job = Job(body: body, parts: parts, threads: threads)
            for (index, worker) in team.enumerated() { worker.start(job, as: index + 1) }
            job.run(as: 0)
            for worker in team { worker.wait() }
        }
    }

    private func team(of count: Int) -> ArraySlice<Worker> {
        workers.withLock { workers in
            while workers.count < count, let worker = Worker.launch() { workers.append(worker) }
            return workers.prefix(count)
        }
    }

    /// The processors that this process may use: its affinity mask, and the quota of its control group where one is set.
    package static let availableProcessors: Int = {
        var count = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        #if os(Linux)
            let allowed = Int(rk_allowed_processors())
            if allowed > 0 { count = allowed }
            if let quota = controlGroupQuota() { count = min(count, quota) }
        #endif
        return max(1, count)
    }()

    #if os(Linux)
        private static func controlGroupQuota() -> Int? {
            guard let file = fopen("/sys/fs/cgroup/cpu.max", "r") else { return nil }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 64)
            let read = fread(&bytes, 1, bytes.count, file)
            let words = String(decoding: bytes.prefix(read), as: UTF8.self).split(whereSeparator: \.isWhitespace)
            guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else {
                return nil
            }
            return max(1, Int((min(quota / period, 1024)).rounded(.up)))
        }
    #endif
}

/// The threads that computations run on.
public enum ComputePool {
    /// How many threads a computation uses, the calling one included; at least 1. Results do not depend on it.
    ///
    /// At the start it is the number of processors that the process may use.
    public static var threadCount: Int {
        get { ThreadPool.shared.threadCount }
        set { ThreadPool.shared.threadCount = newValue }
    }
}

/// One region: valid only while `run(parts:)` waits for it.
private struct Job {
    let body: (Int) -> Void
    let parts: Int
    let threads: Int

    func run(as thread: Int) {
        var part = thread
        while part < parts {
            body(part)
            part += threads
        }
    }
}

/// One thread with its mailbox.
///
/// Unchecked sendability: `job` and `thread` are written by the caller before `posted` rises and read by the thread after
/// it; the caller writes again only after `finished` has caught up.
private final class Worker: @unchecked Sendable {
    private var job: Job?
    private var thread = 0
    private let posted = Atomic<Int>(0)
    private let finished = Atomic<Int>(0)
    private let sleeping = Atomic(false)
    private let callerSleeping = Atomic(false)
    private let gate = Gate()

    static func launch() -> Worker? {
        let worker = Worker()
        let context = Unmanaged.passRetained(worker)
        #if canImport(Darwin)
            var id: pthread_t?
        #else
            var id = pthread_t()
        #endif
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // Signals belong to the thread that handles them, never to a worker in the middle of a region.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        #if canImport(Darwin)
            let code = pthread_create(&id, &attributes, { workerMain($0) }, context.toOpaque())
        #else
            let code = pthread_create(&id, &attributes, { $0.flatMap { workerMain($0) } }, context.toOpaque())
        #endif
        guard code == 0 else {
            context.release()
            return nil
        }
        return worker
    }

    func start(_ job: Job, as thread: Int) {
        self.job = job
        self.thread = thread
        posted.add(1, ordering: .sequentiallyConsistent)
        if sleeping.load(ordering: .sequentiallyConsistent) { gate.wake() }
    }

    func wait() {
        let goal = posted.load(ordering: .relaxed)
        if spin(until: { self.finished.load(ordering: .acquiring) == goal }) { return }
        callerSleeping.store(true, ordering: .sequentiallyConsistent)
        gate.sleep { self.finished.load(ordering: .sequentiallyConsistent) == goal }
        callerSleeping.store(false, ordering: .relaxed)
    }

    func loop() -> Never {
        _ = rk_enter_region()
        var seen = 0
        while true {
            if !spin(until: { self.posted.load(ordering: .acquiring) != seen }) {
                sleeping.store(true, ordering: .sequentiallyConsistent)
                gate.sleep { self.posted.load(ordering: .sequentiallyConsistent) != seen }
                sleeping.store(false, ordering: .relaxed)
            }
            seen += 1
            job?.run(as: thread)
            job = nil
            finished.store(seen, ordering: .sequentiallyConsistent)
            if callerSleeping.load(ordering: .sequentiallyConsistent) { gate.wake() }
        }
    }

    /// Watches for about 30 µs, looking at the clock now and then: a virtual processor may be taken away at any moment.
    private func spin(until done: () -> Bool) -> Bool {
        var start: Int?
        while true {
            for _ in 0..<64 {
                if done() { return true }
                rk_spin_hint()
            }
            let now = Worker.nanoseconds()
            if let start, now - start > 30_000 { return done() }
            if start == nil { start = now }
        }
    }

    private static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

private func workerMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Worker>.fromOpaque(context).takeRetainedValue().loop()
}

/// A mutex and a condition variable at fixed addresses.
///
/// Unchecked sendability: both are made for use by several threads, and nothing else is held.
private final class Gate: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func sleep(until done: () -> Bool) {
        pthread_mutex_lock(mutex)
        while !done() { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }

    func wake() {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}
