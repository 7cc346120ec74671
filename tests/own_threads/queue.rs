//! A queue without locks, with a wrong and a right way to take an item.

use mtasim::threads::{Check, Location, Program, Thread, Words};

/// Items are numbers from one; zero is a place without an item.
#[derive(Clone, Copy)]
struct Queue {
    items: Words,
    head: Location,
    tail: Location,
}

impl Queue {
    async fn push(self, t: &Thread, item: u32) {
        let place = t.fetch_add(self.tail, 1).await;
        t.store(self.items.at(place), item).await;
    }

    /// Wrong: the place is taken, but its item may not have come yet.
    async fn pop_too_early(self, t: &Thread) -> Option<u32> {
        let head = t.load(self.head).await;
        if head == t.load(self.tail).await {
            return None;
        }
        t.compare_exchange(self.head, head, head + 1).await.ok()?;
        Some(t.swap(self.items.at(head), 0).await)
    }

    /// Right: the first item that has come (Herlihy, Wing, "Linearizability", TOPLAS 1990).
    async fn pop(self, t: &Thread) -> Option<u32> {
        for place in 0..t.load(self.tail).await {
            let item = t.swap(self.items.at(place), 0).await;
            if item != 0 {
                return Some(item);
            }
        }
        None
    }
}

/// Two producers and a consumer. Each item is taken once, or still there at the end.
fn program(p: &mut Program, pop: impl AsyncFn(Queue, &Thread) -> Option<u32> + 'static) {
    let [head, tail, taken] = ["head", "tail", "taken"].map(|name| p.word(name, 0));
    let items = p.words("items", 2);
    let queue = Queue { items, head, tail };
    p.thread("one", async move |t| queue.push(&t, 1).await);
    p.thread("two", async move |t| queue.push(&t, 2).await);
    p.thread("consumer", async move |t| {
        let item = pop(queue, &t).await;
        assert_ne!(item, Some(0), "an item that has not come");
        t.store(taken, item.unwrap_or(0)).await;
    });
    p.at_end(move |end| {
        let left = (0..2).map(|place| end.read(items.at(place)));
        assert_eq!(left.sum::<u32>() + end.read(taken), 1 + 2, "each item once");
    });
}

#[test]
#[should_panic(expected = "an item that has not come")]
fn the_wrong_queue_fails() {
    Check::portfolio(1_000).assert(|p| program(p, Queue::pop_too_early));
}

#[test]
fn the_right_queue_passes_in_every_order() {
    Check::exhaustive().assert(|p| program(p, Queue::pop));
}
