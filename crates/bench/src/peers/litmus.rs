//! The three litmus tests over the atomics and threads of shuttle or loom.
//!
//! Each access is a scheduling point, and so is each private step around a thread's shared part. The
//! fixed variants hold a lock around each shared part, where mtasim's have a critical section.

/// Defines `free_list`, `aba` and `stale_block` over the types of `$library`. Each returns whether its
/// run failed. It is a macro, because the types of the libraries have the same names but no trait.
macro_rules! litmus_tests {
    ($library:ident) => {
        use $library::sync::atomic::{AtomicUsize, Ordering};
        use $library::sync::{Arc, Mutex, MutexGuard};
        use $library::thread;

        const SEQUENTIAL: Ordering = Ordering::SeqCst;
        const NONE: usize = 0;
        const OPEN: usize = 1;
        const TIMED_OUT: usize = 2;

        /// One of the programs. Its arguments are the number of private steps, and whether it is fixed.
        pub type LitmusTest = fn(u32, bool) -> bool;

        /// A free list of blocks 1, 2, 3 and so on, with their links and states.
        struct BlockList {
            lock: Option<Mutex<()>>,
            head: AtomicUsize,
            slot: AtomicUsize,
            next: [AtomicUsize; 5],
            state: [AtomicUsize; 5],
        }

        /// Private steps: accesses to an atomic that no other thread has. The libraries cannot know
        /// that, so each is a scheduling point.
        fn work(private_steps: u32) {
            let private = AtomicUsize::new(0);
            for _ in 0..private_steps {
                private.store(1, SEQUENTIAL);
            }
        }

        impl BlockList {
            fn new(listed: usize, fixed: bool) -> Arc<Self> {
                let link = |block| {
                    if block > 0 && block < listed {
                        block + 1
                    } else {
                        NONE
                    }
                };
                Arc::new(Self {
                    lock: fixed.then(|| Mutex::new(())),
                    head: AtomicUsize::new(if listed > 0 { 1 } else { NONE }),
                    slot: AtomicUsize::new(1),
                    next: std::array::from_fn(|block| AtomicUsize::new(link(block))),
                    state: std::array::from_fn(|_| AtomicUsize::new(NONE)),
                })
            }

            /// Acquires the lock, if there is one.
            fn lock(&self) -> Option<MutexGuard<'_, ()>> {
                let lock = self.lock.as_ref()?;
                Some(lock.lock().expect("no thread panics"))
            }

            fn pop(&self) -> usize {
                let _guard = self.lock();
                loop {
                    let block = self.head.load(SEQUENTIAL);
                    let next = self.next[block].load(SEQUENTIAL);
                    let swapped = self
                        .head
                        .compare_exchange(block, next, SEQUENTIAL, SEQUENTIAL);
                    if swapped.is_ok() {
                        return block;
                    }
                }
            }

            fn push(&self, block: usize) {
                let _guard = self.lock();
                loop {
                    let head = self.head.load(SEQUENTIAL);
                    self.next[block].store(head, SEQUENTIAL);
                    let swapped = self
                        .head
                        .compare_exchange(head, block, SEQUENTIAL, SEQUENTIAL);
                    if swapped.is_ok() {
                        return;
                    }
                }
            }
        }

        /// Two threads allocate a block each from an unsynchronized list.
        pub fn free_list(private_steps: u32, fixed: bool) -> bool {
            let table = BlockList::new(2, fixed);
            let allocate = move |table: Arc<BlockList>| {
                work(private_steps);
                let guard = table.lock();
                let block = table.head.load(SEQUENTIAL);
                let next = table.next[block].load(SEQUENTIAL);
                table.head.store(next, SEQUENTIAL);
                drop(guard);
                work(private_steps);
                block
            };
            let threads = [Arc::clone(&table), table].map(|it| thread::spawn(move || allocate(it)));
            let [one, other] = threads.map(|thread| thread.join().expect("no thread panics"));
            one == other
        }

        /// One thread pops two blocks; the other pops two and pushes the first back.
        pub fn aba(private_steps: u32, fixed: bool) -> bool {
            let table = BlockList::new(4, fixed);
            let (one, other) = (Arc::clone(&table), Arc::clone(&table));
            let popper = thread::spawn(move || {
                work(private_steps);
                [(); 2].map(|()| {
                    let block = one.pop();
                    work(private_steps);
                    block
                })
            });
            let pusher = thread::spawn(move || {
                work(private_steps);
                let first = other.pop();
                work(private_steps);
                let second = other.pop();
                work(private_steps);
                other.push(first);
                work(private_steps);
                second
            });
            let [first, second] = popper.join().expect("no thread panics");
            let third = pusher.join().expect("no thread panics");
            let held = [first, second, third];
            let twice = first == second || first == third || second == third;
            let mut block = table.head.load(SEQUENTIAL);
            let mut listed = false;
            for _ in 0..4 {
                listed |= block != NONE && held.contains(&block);
                block = table.next[block].load(SEQUENTIAL);
            }
            twice || listed
        }

        /// A timer keeps a pointer to a block that a second thread frees and a third allocates again.
        pub fn stale_block(private_steps: u32, fixed: bool) -> bool {
            let table = BlockList::new(0, fixed);
            let [one, two, three] = [(); 3].map(|()| Arc::clone(&table));
            let timer = thread::spawn(move || {
                work(private_steps);
                let guard = one.lock();
                let block = one.slot.load(SEQUENTIAL);
                if block != NONE {
                    work(private_steps);
                    one.state[block].store(TIMED_OUT, SEQUENTIAL);
                }
                drop(guard);
                work(private_steps);
            });
            let closer = thread::spawn(move || {
                work(private_steps);
                let guard = two.lock();
                let block = two.slot.load(SEQUENTIAL);
                two.slot.store(NONE, SEQUENTIAL);
                two.head.store(block, SEQUENTIAL);
                drop(guard);
                work(private_steps);
            });
            let opener = thread::spawn(move || {
                work(private_steps);
                let guard = three.lock();
                let block = three.head.load(SEQUENTIAL);
                if block == NONE {
                    drop(guard);
                    work(private_steps);
                    return true;
                }
                three.head.store(NONE, SEQUENTIAL);
                three.state[block].store(OPEN, SEQUENTIAL);
                drop(guard);
                work(private_steps);
                let state = three.state[block].load(SEQUENTIAL);
                work(private_steps);
                state == OPEN
            });
            timer.join().expect("no thread panics");
            closer.join().expect("no thread panics");
            !opener.join().expect("no thread panics")
        }
    };
}

pub(crate) use litmus_tests;
