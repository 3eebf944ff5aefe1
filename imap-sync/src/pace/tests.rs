use super::*;

use proptest::prelude::*;

const START: Duration = Duration::from_secs(1_000_000);

fn lane(account: &str) -> Lane {
    Lane { server: "imap.example.com".into(), account: account.into(), address: "192.0.2.1".into() }
}

fn governor(server: Limits, account: Limits) -> Governor {
    let mut governor = Governor::default();
    governor.allow("imap.example.com", Scopes { server, account, ..Scopes::NONE });
    governor
}

fn down(bytes: u64) -> What {
    What::Message(Way::Down, bytes)
}

/// Waits for a turn as one that does nothing else; when it came.
fn wait_for(governor: &mut Governor, mut now: Duration, lane: &Lane, what: What) -> Duration {
    for _ in 0..1000 {
        match governor.take(now, lane, what) {
            Turn::Go => return now,
            Turn::Wait(wait) => now += wait,
        }
    }
    panic!("no turn");
}

#[test]
fn without_limits_nobody_waits() {
    let mut governor = Governor::default();
    for _ in 0..1000 {
        assert_eq!(governor.take(START, &lane("a"), down(u64::MAX / 4000)), Turn::Go);
    }
}

#[test]
fn a_server_that_says_how_long_is_obeyed_and_other_accounts_go_on() {
    let mut governor = Governor::default();
    let told = Duration::from_millis(299_963);
    governor.heard(START, &lane("a"), Meaning::Backoff(Some(told)));
    assert_eq!(governor.take(START, &lane("a"), down(1)), Turn::Wait(told));
    assert_eq!(governor.take(START, &lane("a"), What::Connection), Turn::Wait(told));
    assert_eq!(governor.take(START, &lane("b"), down(1)), Turn::Go);
    assert_eq!(governor.take(START + told, &lane("a"), down(1)), Turn::Go);
}

#[test]
fn complaints_double_the_wait_and_silence_gives_the_pace_back() {
    let mut governor = Governor::default();
    let (mut now, mut waits) = (START, Vec::new());
    for _ in 0..12 {
        governor.heard(now, &lane("a"), Meaning::Backoff(None));
        let next = wait_for(&mut governor, now, &lane("a"), down(1));
        waits.push((next - now).as_secs());
        now = next + Duration::from_millis(1);
    }
    assert!(waits.is_sorted() && waits[0] == 1 && waits[11] == 600, "{waits:?}");
    assert!(matches!(governor.take(now, &lane("a"), down(1)), Turn::Wait(_)), "it is slower");
    now += Duration::from_secs(3 * 3600);
    wait_for(&mut governor, now, &lane("a"), down(1));
    assert_eq!(governor.take(now, &lane("a"), down(1)), Turn::Go, "it is as fast as before");
}

#[test]
fn one_complaint_heard_on_many_connections_counts_once() {
    let mut governor = Governor::default();
    for _ in 0..20 {
        governor.heard(START, &lane("a"), Meaning::Backoff(None));
    }
    assert_eq!(governor.take(START, &lane("a"), down(1)), Turn::Wait(Duration::from_secs(1)));
}

#[test]
fn too_many_connections_are_learned() {
    let mut governor = Governor::default();
    for _ in 0..4 {
        assert_eq!(governor.take(START, &lane("a"), What::Connection), Turn::Go);
    }
    governor.heard(START, &lane("a"), Meaning::TooManyConnections);
    governor.closed(&lane("a"));
    let later = START + Duration::from_secs(2);
    assert!(matches!(governor.take(later, &lane("a"), What::Connection), Turn::Wait(_)));
    assert_eq!(governor.take(later, &lane("b"), What::Connection), Turn::Go);
    governor.closed(&lane("a"));
    assert_eq!(governor.take(later, &lane("a"), What::Connection), Turn::Go);
}

#[test]
fn connections_are_limited() {
    let mut governor = governor(Limits::NONE, Limits { connections: Some(2), ..Limits::NONE });
    let turns: Vec<bool> =
        (0..3).map(|_| governor.take(START, &lane("a"), What::Connection) == Turn::Go).collect();
    assert_eq!(turns, [true, true, false]);
    assert_eq!(governor.take(START, &lane("b"), What::Connection), Turn::Go);
}

#[test]
fn the_day_outlives_a_run() {
    let limits = Limits { down_per_day: Some(1000), up_per_day: Some(10), ..Limits::NONE };
    let mut first = governor(Limits::NONE, limits);
    assert_eq!(first.take(START, &lane("a"), down(900)), Turn::Go);
    let mut second = governor(Limits::NONE, limits);
    second.restore(first.used());
    second.restore(first.used());
    assert_eq!(second.used(), first.used());
    assert_eq!(second.take(START, &lane("a"), down(100)), Turn::Go);
    let Turn::Wait(wait) = second.take(START, &lane("a"), down(1)) else { panic!("over the day's limit") };
    assert!(wait > Duration::from_secs(86_400) && wait <= Duration::from_secs(90_000), "{wait:?}");
    assert_eq!(second.take(START, &lane("a"), What::Message(Way::Up, 10)), Turn::Go, "the other way is free");
    assert_eq!(second.take(START, &lane("b"), down(1000)), Turn::Go, "so are others");
    assert_eq!(second.take(START + wait, &lane("a"), down(1)), Turn::Go);
}

#[test]
fn users_limits_count_more_than_providers() {
    let user = Scopes { account: Limits { connections: Some(2), ..Limits::NONE }, ..Scopes::NONE };
    let provider = Limits { connections: Some(15), down_per_day: Some(5), ..Limits::NONE };
    let limits = user.or(Scopes { account: provider, ..Scopes::NONE });
    assert_eq!((limits.account.connections, limits.account.down_per_day), (Some(2), Some(5)));
}

#[test]
fn many_connections_of_one_account_do_not_starve_another() {
    let mut governor = governor(Limits { messages_per_minute: Some(600), ..Limits::NONE }, Limits::NONE);
    let bytes = 1_000_000;
    let mut ready = [START; 9];
    let (mut greedy, mut modest) = (0u32, 0u32);
    for _ in 0..4000 {
        let next =
            ready.iter().enumerate().min_by_key(|(at, ready)| (**ready, *at)).map(|(at, _)| at).unwrap();
        let name = if next < 8 { "greedy" } else { "modest" };
        match governor.take(ready[next], &lane(name), down(bytes)) {
            Turn::Go if next < 8 => greedy += 1,
            Turn::Go => modest += 1,
            Turn::Wait(wait) => ready[next] += wait,
        }
    }
    assert!(modest * 4 >= greedy * 3, "{modest} and {greedy}");
}

#[test]
fn who_does_not_ask_again_holds_nobody_up() {
    let mut governor = governor(Limits { messages_per_minute: Some(60), ..Limits::NONE }, Limits::NONE);
    governor.take(START, &lane("a"), down(0));
    assert!(matches!(governor.take(START, &lane("dead"), down(0)), Turn::Wait(_)));
    let mut now = START;
    for _ in 0..20 {
        now = wait_for(&mut governor, now, &lane("a"), down(10_000_000));
    }
    assert!(now - START < Duration::from_secs(30), "{:?}", now - START);
}

fn meaning() -> impl Strategy<Value = Meaning> {
    prop_oneof![
        (0..100_000u64).prop_map(|millis| Meaning::Backoff(Some(Duration::from_millis(millis)))),
        Just(Meaning::Backoff(None)),
        Just(Meaning::DailyLimit),
        Just(Meaning::Temporary),
        Just(Meaning::TooManyConnections),
        Just(Meaning::OverQuota),
    ]
}

proptest! {
    #[test]
    fn the_budget_is_never_exceeded(asks in proptest::collection::vec((0..4usize, 0..4000u64, 0..500u64, any::<bool>()), 1..300)) {
        let day = 10_000;
        let limits = Limits { messages_per_minute: Some(30), bytes_per_second: Some(100), down_per_day: Some(day), up_per_day: Some(day), ..Limits::NONE };
        let mut governor = governor(limits, Limits::NONE);
        let mut now = START;
        let mut sent: Vec<(Duration, Way, u64)> = Vec::new();
        for (who, pause, bytes, up) in asks {
            now += Duration::from_secs(pause);
            let way = if up { Way::Up } else { Way::Down };
            if governor.take(now, &lane(["a", "b", "c", "d"][who]), What::Message(way, bytes)) == Turn::Go {
                sent.push((now, way, bytes));
            }
        }
        for pair in sent.windows(2) {
            let gap = (pair[1].0 - pair[0].0).as_secs();
            prop_assert!(gap >= 2 && gap >= pair[0].2 / 100, "{:?}", pair);
        }
        for (at, way, _) in &sent {
            let within = |other: &&(Duration, Way, u64)| other.1 == *way && other.0 <= *at && *at - other.0 < Duration::from_secs(86_400);
            let total: u64 = sent.iter().filter(within).map(|(_, _, bytes)| bytes).sum();
            prop_assert!(total <= day, "{} at {:?}", total, at);
        }
    }

    #[test]
    fn whatever_is_heard_there_is_progress(heard in proptest::collection::vec((0..3usize, meaning(), 0..1000u64), 0..60), bytes in 0..u64::MAX) {
        let limits = Limits { connections: Some(1), messages_per_minute: Some(1), bytes_per_second: Some(1 << 30), down_per_day: Some(1), ..Limits::NONE };
        let mut governor = governor(limits, limits);
        let mut now = START;
        for (who, meaning, pause) in heard {
            now += Duration::from_secs(pause);
            governor.heard(now, &lane(["a", "b", "c"][who]), meaning);
        }
        for name in ["a", "b", "c"] {
            now = wait_for(&mut governor, now, &lane(name), What::Connection);
            now = wait_for(&mut governor, now, &lane(name), down(bytes));
            governor.closed(&lane(name));
        }
    }
}
