//! The three drills over any library's atomics: one access is one scheduling point, and so is each
//! of the `noise` private steps before and after a thread's part.
//!
//! Their right twins have a lock around each shared part, as ours have a critical section.
//!
//! Owns the programs; whose atomics and threads they use is the argument of the macro, since the
//! libraries' types are alike and not the same.

/// Defines `free_list`, `aba` and `stale_block` over the atomics, reference counts and threads of
/// `$library`, `fixed` or not. Each answers whether its run failed.
macro_rules! drills {
    ($library:ident) => {
        use $library::sync::atomic::{AtomicUsize, Ordering};
        use $library::sync::{Arc, Mutex, MutexGuard};
        use $library::thread;

        const SEQUENTIAL: Ordering = Ordering::SeqCst;
        const NONE: usize = 0;
        const OPEN: usize = 1;
        const TIMED_OUT: usize = 2;

        /// One of the programs: how many private steps, and whether it is put right.
        pub type Drill = fn(u32, bool) -> bool;

        /// A free list of blocks 1, 2, 3..., and the blocks' links and states.
        struct Table {
            lock: Option<Mutex<()>>,
            head: AtomicUsize,
            slot: AtomicUsize,
            next: [AtomicUsize; 5],
            state: [AtomicUsize; 5],
        }

        /// Private steps.
        fn rest(noise: u32) {
            let own = AtomicUsize::new(0);
            for _ in 0..noise {
                own.store(1, SEQUENTIAL);
            }
        }

        impl Table {
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

            /// Holds the lock, if there is one.
            fn guard(&self) -> Option<MutexGuard<'_, ()>> {
                let lock = self.lock.as_ref()?;
                Some(lock.lock().expect("nobody panics"))
            }

            fn pop(&self) -> usize {
                let _guard = self.guard();
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
                let _guard = self.guard();
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

        /// Two threads take a block each from a list that nothing guards.
        pub fn free_list(noise: u32, fixed: bool) -> bool {
            let table = Table::new(2, fixed);
            let take = move |table: Arc<Table>| {
                rest(noise);
                let guard = table.guard();
                let block = table.head.load(SEQUENTIAL);
                let next = table.next[block].load(SEQUENTIAL);
                table.head.store(next, SEQUENTIAL);
                drop(guard);
                rest(noise);
                block
            };
            let takers = [Arc::clone(&table), table].map(|it| thread::spawn(move || take(it)));
            let [one, other] = takers.map(|taker| taker.join().expect("it ends"));
            one == other
        }

        /// One takes two blocks, the other takes two and gives the first back.
        pub fn aba(noise: u32, fixed: bool) -> bool {
            let table = Table::new(4, fixed);
            let (one, other) = (Arc::clone(&table), Arc::clone(&table));
            let taker = thread::spawn(move || {
                rest(noise);
                [(); 2].map(|()| {
                    let block = one.pop();
                    rest(noise);
                    block
                })
            });
            let giver = thread::spawn(move || {
                rest(noise);
                let first = other.pop();
                rest(noise);
                let second = other.pop();
                rest(noise);
                other.push(first);
                rest(noise);
                second
            });
            let [first, second] = taker.join().expect("it ends");
            let third = giver.join().expect("it ends");
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

        /// A timer keeps a pointer, a closer frees, an opener takes the block anew.
        pub fn stale_block(noise: u32, fixed: bool) -> bool {
            let table = Table::new(0, fixed);
            let [one, two, three] = [(); 3].map(|()| Arc::clone(&table));
            let timer = thread::spawn(move || {
                rest(noise);
                let guard = one.guard();
                let block = one.slot.load(SEQUENTIAL);
                if block != NONE {
                    rest(noise);
                    one.state[block].store(TIMED_OUT, SEQUENTIAL);
                }
                drop(guard);
                rest(noise);
            });
            let closer = thread::spawn(move || {
                rest(noise);
                let guard = two.guard();
                let block = two.slot.load(SEQUENTIAL);
                two.slot.store(NONE, SEQUENTIAL);
                two.head.store(block, SEQUENTIAL);
                drop(guard);
                rest(noise);
            });
            let opener = thread::spawn(move || {
                rest(noise);
                let guard = three.guard();
                let block = three.head.load(SEQUENTIAL);
                if block == NONE {
                    drop(guard);
                    rest(noise);
                    return true;
                }
                three.head.store(NONE, SEQUENTIAL);
                three.state[block].store(OPEN, SEQUENTIAL);
                drop(guard);
                rest(noise);
                let state = three.state[block].load(SEQUENTIAL);
                rest(noise);
                state == OPEN
            });
            timer.join().expect("it ends");
            closer.join().expect("it ends");
            !opener.join().expect("it ends")
        }
    };
}

pub(crate) use drills;
