//! The programs of `litmus::sctbench`, access for access, over the atomics, locks and threads of shuttle or loom.

/// Defines `run`, which runs a program once and panics if it fails, over the types of `$library`. It is a macro,
/// because the types of the libraries have the same names but no trait.
macro_rules! programs {
    ($library:ident) => {
        use std::cmp::Ordering;

        use litmus::sctbench::Benchmark;
        use $library::sync::atomic::{AtomicU32, Ordering::SeqCst};
        use $library::sync::{Arc, Mutex, MutexGuard};
        use $library::thread;

        const WORDS: usize = 24;
        const MINUS_ONE: u32 = u32::MAX;

        /// The words and locks of a program, and whether it is the right variant.
        struct Shared {
            words: [AtomicU32; WORDS],
            locks: [Mutex<()>; 4],
            fixed: bool,
        }

        /// What a thread does, with its number.
        type Program = fn(&Shared, usize);

        impl Shared {
            fn read(&self, word: usize) -> u32 {
                self.words[word].load(SeqCst)
            }

            fn write(&self, word: usize, value: u32) {
                self.words[word].store(value, SeqCst);
            }

            fn exchange(&self, word: usize, value: u32) -> u32 {
                self.words[word].swap(value, SeqCst)
            }

            /// Returns whether the word was as expected.
            fn compare_exchange(&self, word: usize, expected: u32, new: u32) -> bool {
                self.words[word]
                    .compare_exchange(expected, new, SeqCst, SeqCst)
                    .is_ok()
            }

            fn lock(&self, lock: usize) -> MutexGuard<'_, ()> {
                self.locks[lock].lock().expect("no thread panics")
            }

            /// The lock that only the right variant has.
            fn guard(&self) -> Option<MutexGuard<'_, ()>> {
                self.fixed.then(|| self.lock(3))
            }
        }

        /// Runs a program, or its right variant.
        ///
        /// # Panics
        /// If it fails.
        pub fn run(benchmark: Benchmark, fixed: bool) {
            let mut initial = [0; WORDS];
            for (word, value) in initial_words(benchmark) {
                initial[*word] = *value;
            }
            let shared = Arc::new(Shared {
                words: initial.map(AtomicU32::new),
                locks: [(); 4].map(|()| Mutex::new(())),
                fixed,
            });
            let mut threads = Vec::new();
            for (count, program) in programs(benchmark) {
                for number in 0..count {
                    let shared = Arc::clone(&shared);
                    let number = usize::from(number);
                    threads.push(thread::spawn(move || program(&shared, number)));
                }
            }
            for thread in threads {
                thread.join().expect("no thread panics");
            }
        }

        fn initial_words(benchmark: Benchmark) -> &'static [(usize, u32)] {
            match benchmark {
                Benchmark::BluetoothDriver => &[(PENDING_IO, 1)],
                Benchmark::TokenRing => &[(0, 1), (1, 2), (2, 1)],
                Benchmark::StringBuffer => &[(LENGTH, 3)],
                _ => &[],
            }
        }

        /// The threads of a program, in the order of their start.
        fn programs(benchmark: Benchmark) -> Vec<(u16, Program)> {
            match benchmark {
                Benchmark::Reorder { setters, checkers } => {
                    vec![(setters, reorder_setter), (checkers, reorder_checker)]
                }
                Benchmark::TwoStage { setters, checkers } => {
                    vec![(setters, two_stage_setter), (checkers, two_stage_checker)]
                }
                Benchmark::WrongLock => vec![(1, wrong_lock_checker), (7, wrong_lock_other)],
                Benchmark::Stack => vec![(1, stack_pusher), (1, stack_popper)],
                Benchmark::BluetoothDriver => vec![(1, bluetooth_stop), (1, bluetooth_add)],
                Benchmark::Deadlock => vec![(1, deadlock_one), (1, deadlock_other)],
                Benchmark::TokenRing => vec![(4, token_ring)],
                Benchmark::StringBuffer => vec![(1, string_eraser), (1, string_appender)],
                Benchmark::WorkStealQueue => vec![(1, owner), (1, stealer)],
                Benchmark::InterlockedQueue => {
                    vec![(1, interlocked_owner), (1, interlocked_stealer)]
                }
                Benchmark::Keyrings => vec![(1, keyring_user), (1, keyring_installer)],
                Benchmark::FreedLock => vec![(2, once)],
                Benchmark::DeletedPort => vec![(1, port_creator), (1, port_deleter)],
                Benchmark::SafeStack => panic!("not measured here"),
            }
        }

        fn reorder_setter(s: &Shared, _: usize) {
            let _guard = s.guard();
            s.write(0, 1);
            s.write(1, MINUS_ONE);
        }

        fn reorder_checker(s: &Shared, _: usize) {
            let guard = s.guard();
            let none = s.read(0) == 0 && s.read(1) == 0;
            let holds = none || s.read(0) == 1 && s.read(1) == MINUS_ONE;
            drop(guard);
            assert!(holds);
        }

        fn two_stage_setter(s: &Shared, _: usize) {
            let _guard = s.guard();
            let one = s.lock(0);
            s.write(0, 1);
            drop(one);
            let _other = s.lock(1);
            let first = s.read(0);
            s.write(1, first + 1);
        }

        fn two_stage_checker(s: &Shared, _: usize) {
            let _guard = s.guard();
            let one = s.lock(0);
            let first = s.read(0);
            drop(one);
            if first != 0 {
                let _other = s.lock(1);
                assert_eq!(s.read(1), first + 1);
            }
        }

        fn wrong_lock_checker(s: &Shared, _: usize) {
            let _lock = s.lock(0);
            let before = s.read(0);
            let value = s.read(0);
            s.write(0, value + 1);
            assert_eq!(s.read(0), before + 1);
        }

        fn wrong_lock_other(s: &Shared, _: usize) {
            let _lock = s.lock(usize::from(!s.fixed));
            let value = s.read(0);
            s.write(0, value + 1);
        }

        const STACK_SIZE: u32 = 10;
        const TOP: usize = 0;
        const FLAG: usize = 1;
        const STACK_ITEMS: usize = 2;

        fn stack_pusher(s: &Shared, _: usize) {
            for item in 0..STACK_SIZE {
                let _lock = s.lock(0);
                let top = s.read(TOP);
                assert!(top < STACK_SIZE);
                s.write(STACK_ITEMS + top as usize, item);
                s.write(TOP, top + 1);
                s.write(FLAG, 1);
            }
        }

        fn stack_popper(s: &Shared, _: usize) {
            for _ in 0..STACK_SIZE {
                let _lock = s.lock(0);
                if s.read(FLAG) == 1 {
                    let top = s.read(TOP);
                    assert!(top > 0 || s.fixed);
                    if top > 0 {
                        s.write(TOP, top - 1);
                        s.read(STACK_ITEMS + top as usize - 1);
                    }
                }
            }
        }

        const PENDING_IO: usize = 0;
        const STOPPING_FLAG: usize = 1;
        const STOPPING_EVENT: usize = 2;
        const STOPPED: usize = 3;

        fn add(s: &Shared, word: usize, delta: u32) -> u32 {
            let _lock = s.lock(0);
            let value = s.read(word).wrapping_add(delta);
            s.write(word, value);
            value
        }

        fn bluetooth_decrement(s: &Shared) {
            if add(s, PENDING_IO, MINUS_ONE) == 0 {
                s.write(STOPPING_EVENT, 1);
            }
        }

        fn bluetooth_stop(s: &Shared, _: usize) {
            s.write(STOPPING_FLAG, 1);
            bluetooth_decrement(s);
            if s.read(STOPPING_EVENT) == 1 {
                s.write(STOPPED, 1);
            }
        }

        fn bluetooth_add(s: &Shared, _: usize) {
            if s.fixed {
                add(s, PENDING_IO, 1);
            }
            let enters = s.read(STOPPING_FLAG) == 0;
            if enters && !s.fixed {
                add(s, PENDING_IO, 1);
            }
            if enters {
                assert_eq!(s.read(STOPPED), 0);
            }
            bluetooth_decrement(s);
        }

        fn deadlock_one(s: &Shared, _: usize) {
            with_both(s, [0, 1]);
        }

        fn deadlock_other(s: &Shared, _: usize) {
            with_both(s, if s.fixed { [0, 1] } else { [1, 0] });
        }

        fn with_both(s: &Shared, order: [usize; 2]) {
            let [first, second] = order;
            // Released in the other order.
            let _first = s.lock(first);
            let _second = s.lock(second);
            let value = s.read(0);
            s.write(0, value + 1);
        }

        const FLAGS: usize = 3;

        fn token_ring(s: &Shared, number: usize) {
            let stages = match (s.fixed, number) {
                (true, 0) => 0..3,
                (true, 1 | 2) => 0..0,
                (_, number) => number..number + 1,
            };
            let _lock = s.lock(0);
            if number == 3 {
                if (0..3).all(|flag| s.read(FLAGS + flag) == 1) {
                    let [first, second, third] = [0, 1, 2].map(|word| s.read(word));
                    assert!(first == second && second == third);
                }
                return;
            }
            for stage in stages {
                let before = s.read((stage + 2) % 3);
                let value = if stage == 0 { (before + 1) % 4 } else { before };
                s.write(stage, value);
                s.write(FLAGS + stage, 1);
            }
        }

        const LENGTH: usize = 0;

        fn string_eraser(s: &Shared, _: usize) {
            for length in [0, 3] {
                let _lock = s.lock(0);
                s.read(LENGTH);
                s.write(LENGTH, length);
            }
        }

        fn string_appender(s: &Shared, _: usize) {
            let mut lock = s.lock(0);
            let length = s.read(LENGTH);
            if !s.fixed {
                drop(lock);
                lock = s.lock(0);
            }
            assert!(length <= s.read(LENGTH));
            drop(lock);
        }

        const HEAD: usize = 0;
        const TAIL: usize = 1;
        const TAKEN: usize = 2;
        const QUEUE: usize = 16;
        const ITEMS: u32 = 4;

        fn take(s: &Shared, item: u32) {
            assert_eq!(s.exchange(TAKEN + item as usize, 1), 0);
        }

        fn owner(s: &Shared, _: usize) {
            own(s, pop);
        }

        fn interlocked_owner(s: &Shared, _: usize) {
            own(s, interlocked_pop);
        }

        fn own(s: &Shared, pop: fn(&Shared)) {
            for item in 0..ITEMS {
                let tail = s.read(TAIL);
                s.write(QUEUE + tail as usize, item);
                s.exchange(TAIL, tail + 1);
                if item % 2 == 1 {
                    pop(s);
                }
            }
            for _ in 0..ITEMS / 2 {
                pop(s);
            }
        }

        fn pop(s: &Shared) {
            let tail = s.read(TAIL);
            let Some(last) = tail.checked_sub(1) else {
                return;
            };
            s.exchange(TAIL, last);
            if s.read(HEAD) <= last {
                take(s, s.read(QUEUE + last as usize));
                return;
            }
            s.exchange(TAIL, tail);
            let _lock = s.lock(0);
            if s.read(HEAD) <= last {
                s.exchange(TAIL, last);
                take(s, s.read(QUEUE + last as usize));
            }
        }

        fn stealer(s: &Shared, _: usize) {
            for _ in 0..2 {
                let _lock = s.lock(0);
                let head = s.read(HEAD);
                if s.fixed {
                    s.exchange(HEAD, head + 1);
                }
                let found = head < s.read(TAIL);
                if found && !s.fixed {
                    s.exchange(HEAD, head + 1);
                }
                if found {
                    take(s, s.read(QUEUE + head as usize));
                } else if s.fixed {
                    s.exchange(HEAD, head);
                }
            }
        }

        fn interlocked_pop(s: &Shared) {
            let tail = s.read(TAIL);
            let Some(last) = tail.checked_sub(1) else {
                return;
            };
            s.exchange(TAIL, last);
            let head = s.read(HEAD);
            let is_ours = match head.cmp(&last) {
                Ordering::Less => true,
                Ordering::Equal if !s.fixed => true,
                Ordering::Equal => {
                    let moved = s.compare_exchange(HEAD, head, head + 1);
                    s.exchange(TAIL, tail);
                    moved
                }
                Ordering::Greater => {
                    s.exchange(TAIL, tail);
                    false
                }
            };
            if is_ours {
                take(s, s.read(QUEUE + last as usize));
            }
        }

        fn interlocked_stealer(s: &Shared, _: usize) {
            for _ in 0..2 {
                let head = s.read(HEAD);
                if head >= s.read(TAIL) {
                    continue;
                }
                let item = s.read(QUEUE + head as usize);
                if s.compare_exchange(HEAD, head, head + 1) {
                    take(s, item);
                }
            }
        }

        const UID_KEYRING: usize = 0;
        const SESSION_KEYRING: usize = 1;
        const KEY: u32 = 7;

        fn keyring_installer(s: &Shared, _: usize) {
            let asked = if s.fixed {
                SESSION_KEYRING
            } else {
                UID_KEYRING
            };
            if s.read(asked) != 0 {
                return;
            }
            let _lock = s.lock(0);
            if s.read(UID_KEYRING) == 0 {
                s.write(UID_KEYRING, KEY);
                s.write(SESSION_KEYRING, KEY);
            }
        }

        fn keyring_user(s: &Shared, number: usize) {
            if s.read(SESSION_KEYRING) == 0 {
                keyring_installer(s, number);
            }
            assert_ne!(s.read(SESSION_KEYRING), 0);
        }

        const LOCK_FREED: usize = 0;
        const WAITERS: usize = 1;
        const DONE: usize = 2;

        fn once(s: &Shared, _: usize) {
            if s.read(DONE) == 1 {
                return;
            }
            let waiters = s.read(WAITERS);
            s.write(WAITERS, waiters + 1);
            use_lock(s);
            let lock = s.lock(0);
            if s.read(DONE) == 0 {
                s.write(DONE, 1);
            }
            use_lock(s);
            drop(lock);
            let waiters = s.read(WAITERS).wrapping_sub(1);
            s.write(WAITERS, waiters);
            if waiters == 0 && !s.fixed {
                use_lock(s);
                s.write(LOCK_FREED, 1);
            }
        }

        fn use_lock(s: &Shared) {
            assert_eq!(s.read(LOCK_FREED), 0);
        }

        const LISTED: usize = 0;
        const PORTS: usize = 1;
        const PORT_FREED: usize = 2;
        const PORT_TYPE: usize = 3;

        fn port_creator(s: &Shared, _: usize) {
            let one = s.lock(0);
            let other = s.lock(1);
            let ports = s.read(PORTS);
            s.write(LISTED, 1);
            s.write(PORTS, ports + 1);
            if s.fixed {
                use_port(s);
            }
            drop(other);
            drop(one);
            if !s.fixed {
                use_port(s);
            }
        }

        fn use_port(s: &Shared) {
            s.write(PORT_TYPE, 1);
            assert_eq!(s.read(PORT_FREED), 0);
        }

        fn port_deleter(s: &Shared, _: usize) {
            let one = s.lock(0);
            let other = s.lock(1);
            let found = s.read(LISTED) == 1;
            if found {
                let ports = s.read(PORTS);
                s.write(LISTED, 0);
                s.write(PORTS, ports - 1);
            }
            drop(other);
            drop(one);
            if found {
                s.write(PORT_FREED, 1);
            }
        }
    };
}

pub(crate) use programs;
