//! A short run of the simulation, for every run of the tests; the long one is a command.

use std::{sync::Arc, time::SystemTime};

use simulation::{Ground, Tally, run_episode};

/// Worlds that are always the same.
const SEEDS: [u64; 2] = [1, 2];

/// Of each world only its beginning: the test suite is to stay short.
const SCAN_COUNT_MAX: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_scan_of_a_random_world_breaks_a_promise() {
    let ground = Arc::new(Ground::prepare().await.unwrap());
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let fresh = since.as_micros() as u64 % 1_000_000_000;
    println!("the fresh seed is {fresh}");
    let mut episodes = tokio::task::JoinSet::new();
    for seed in SEEDS.into_iter().chain([fresh]) {
        let ground = Arc::clone(&ground);
        episodes.spawn(async move { run_episode(&ground, seed, SCAN_COUNT_MAX).await });
    }
    let mut sum = Tally::default();
    while let Some(episode) = episodes.join_next().await {
        match episode.unwrap() {
            Ok(tally) => sum.add(&tally),
            Err(halt) => panic!("{halt}"),
        }
    }
    println!("{sum}");
    assert!(sum.transition_count > 50 && sum.tombstone_count > 10, "the worlds are too quiet to prove anything: {sum}");
}
