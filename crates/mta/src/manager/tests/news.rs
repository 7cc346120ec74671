//! Any news in any order: nothing panics, nothing is lost, and in the end everything gets through.
//!
//! Owns the property tests. The invariants themselves are checked by the stage after every piece
//! of news.

use proptest::prelude::*;

use super::*;

/// A piece of news; numbers are reduced to what there is when it comes.
#[derive(Clone, Debug)]
enum News {
    Submit(u32, u8, u32),
    Called,
    Connected(usize),
    Accepted(usize),
    Ended(usize),
    Unit(usize, Vec<u8>),
    Acknowledged(usize, u32),
    Ring,
    Pass(u64),
    Blocks(u32),
}

fn unit() -> impl Strategy<Value = Vec<u8>> {
    let number = 0_u32..6;
    prop_oneof![
        Just(Spdu::Connect.encode()),
        Just(Spdu::Finish.encode()),
        Just(Spdu::Disconnect.encode()),
        Just(Spdu::Abort.encode()),
        (number.clone(), 0_u32..5_000).prop_map(|(message, length)| Spdu::ActivityStart {
            message,
            length
        }
        .encode()),
        (number.clone(), 0_u32..5_000).prop_map(|(message, offset)| {
            let length = 5_000;
            Spdu::ActivityResume {
                message,
                length,
                offset,
            }
            .encode()
        }),
        number
            .clone()
            .prop_map(|serial| Spdu::MinorSync { serial }.encode()),
        number
            .clone()
            .prop_map(|serial| Spdu::MinorSyncAck { serial }.encode()),
        number.prop_map(|message| Spdu::ActivityEnd { serial: message }.encode()),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|user| Spdu::Data { user: &user }.encode()),
        prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn news() -> impl Strategy<Value = News> {
    let which = 0_usize..64;
    prop_oneof![
        4 => (0_u32..2, 0_u8..3, 1_u32..6_000).prop_map(|(to, how, length)| News::Submit(to, how, length)),
        1 => Just(News::Called),
        3 => which.clone().prop_map(News::Connected),
        3 => which.clone().prop_map(News::Accepted),
        2 => which.clone().prop_map(News::Ended),
        4 => (which.clone(), unit()).prop_map(|(on, unit)| News::Unit(on, unit)),
        3 => (which, 0_u32..40).prop_map(|(on, message)| News::Acknowledged(on, message)),
        4 => Just(News::Ring),
        2 => (0_u64..1_000).prop_map(News::Pass),
        1 => (0_u32..4).prop_map(News::Blocks),
    ]
}

fn stage() -> Stage {
    let churning = Connector {
        threshold: 2,
        max_associations: 3,
        open_retries: 4,
        ..connector()
    };
    Stage::new(vec![churning, connector()])
}

fn tell(stage: &mut Stage, news: News) {
    let leases: Vec<Lease> = stage.manager.by_lease.keys().copied().collect();
    // One that is over, too: late news comes for connections that nobody knows any more.
    let lease = |which: usize| {
        leases
            .get(which % (leases.len() + 1))
            .copied()
            .unwrap_or(Lease {
                block: BlockIndex(0),
                instance: Instance(0),
            })
    };
    match news {
        News::Submit(to, how, length) => {
            let priorities = [Priority::Urgent, Priority::Normal, Priority::NonUrgent];
            stage.submit_to(to, priorities[usize::from(how)], length);
        }
        News::Called => {
            stage.called();
        }
        News::Connected(which) => {
            stage.manager.on_connected(lease(which));
            stage.carry_out();
        }
        News::Accepted(which) => stage.unit(lease(which), &Spdu::Accept),
        News::Ended(which) => stage.ended(lease(which)),
        News::Unit(which, unit) => {
            stage.manager.on_unit(stage.now, lease(which), &unit);
            stage.carry_out();
        }
        News::Acknowledged(which, message) => {
            stage.unit(lease(which), &Spdu::ActivityEndAck { serial: message });
        }
        News::Ring => {
            stage.ring();
        }
        News::Pass(time) => stage.pass(seconds(time)),
        News::Blocks(count) => stage.blocks = count,
    }
}

/// From here on the transport works and the peer is kind: it accepts, confirms and acknowledges.
fn be_kind(stage: &mut Stage) {
    let old: Vec<Lease> = stage.manager.by_lease.keys().copied().collect();
    old.into_iter().for_each(|lease| stage.ended(lease));
    stage.blocks = u32::MAX;
    for _ in 0..10_000 {
        for lease in stage.take_calls() {
            stage.connect(lease);
        }
        let wanted = std::mem::take(&mut stage.wanted);
        if wanted.is_empty() && !stage.ring() {
            return;
        }
        for action in wanted {
            answer(stage, action);
        }
    }
    panic!("it never comes to rest");
}

fn answer(stage: &mut Stage, action: Action) {
    let (lease, bytes) = match action {
        Action::Send(lease, bytes) => (lease, bytes),
        Action::Disconnect(lease) | Action::TimeOut(lease) => return stage.ended(lease),
        Action::SendContent { .. }
        | Action::Answer(_)
        | Action::Open(..)
        | Action::Alarm(_)
        | Action::Record(_) => return,
    };
    match spdu::decode(&bytes) {
        Ok(Spdu::MinorSync { serial }) => stage.unit(lease, &Spdu::MinorSyncAck { serial }),
        Ok(Spdu::ActivityEnd { serial }) => stage.unit(lease, &Spdu::ActivityEndAck { serial }),
        Ok(Spdu::Finish) => stage.unit(lease, &Spdu::Disconnect),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// The stage checks after each piece that no message is lost or doubled and that no two
    /// associations share a block.
    #[test]
    fn any_news_is_borne(news in prop::collection::vec(news(), 0..120)) {
        let mut stage = stage();
        for piece in news {
            tell(&mut stage, piece);
        }
    }

    #[test]
    fn with_a_kind_peer_every_message_is_acknowledged_or_returned(
        news in prop::collection::vec(news(), 0..60),
    ) {
        let mut stage = stage();
        for piece in news {
            tell(&mut stage, piece);
        }
        be_kind(&mut stage);
        let done = |fact: &&Fact| matches!(fact, Fact::Acknowledged(_) | Fact::Returned(_));
        prop_assert_eq!(stage.facts.iter().filter(done).count() as u32, stage.submitted);
        prop_assert!(stage.manager.associations.is_empty(), "all associations are finished");
    }
}
