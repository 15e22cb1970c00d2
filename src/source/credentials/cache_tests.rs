//! When credentials are read, by whom, and what others get meanwhile.

use futures::future::{FutureExt, join_all};

use crate::{
    config::CredentialsConfig,
    source::{
        Environment,
        context::Context,
        scripted_server::{Reply, ScriptedServer},
    },
};

use super::{super::provider::Place, *};

const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// A session that ends this long after the start.
fn session(id: &str, minutes: i64) -> Reply {
    let expiration = (START + TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%SZ");
    Reply::json(
        200,
        &format!(
            r#"{{"Code":"Success","AccessKeyId":"{id}","AccessKeySecret":"s","SecurityToken":"t","Expiration":"{expiration}"}}"#
        ),
    )
}

/// A cache in front of a server that hands out sessions.
async fn cache(script: Vec<Reply>) -> (CredentialCache, ScriptedServer) {
    let server = ScriptedServer::start(script).await;
    let context = Context::of_environment(Environment::of_pairs([]));
    let uri = Place::Uri(format!("http://{}/", server.host()).into());
    (CredentialCache::new(Provider::of(uri, &context)), server)
}

async fn id(cache: &CredentialCache, now: DateTime<Utc>) -> String {
    cache.get(now).await.unwrap().access_key_id.clone()
}

/// Returns once the server has read this many requests.
async fn arrived(server: &ScriptedServer, count: usize) {
    while server.requests().len() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn credentials_are_read_once_until_they_are_forgotten() {
    let config = CredentialsConfig::Env { id_var: "I".to_owned(), secret_var: "S".to_owned(), token_var: None };
    let context = Context::of_environment(Environment::of_pairs([("I", "id"), ("S", "secret")]));
    let cache = CredentialCache::new(Provider::new(&config, &context));
    let first = cache.get(START).await.unwrap();
    assert!(Arc::ptr_eq(&first, &cache.get(START).await.unwrap()));
    cache.forget(&first);
    let second = cache.get(START).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    cache.forget(&first);
    assert!(Arc::ptr_eq(&second, &cache.get(START).await.unwrap()));
}

#[tokio::test]
async fn a_session_is_renewed_from_five_minutes_before_its_end() {
    let (cache, server) = cache(vec![session("one", 60), session("two", 120)]).await;
    assert_eq!(id(&cache, START).await, "one");
    assert_eq!(id(&cache, START + TimeDelta::minutes(55) - TimeDelta::seconds(1)).await, "one");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(id(&cache, START + TimeDelta::minutes(55)).await, "two");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn many_who_need_credentials_at_once_make_one_request() {
    let (cache, server) = cache(vec![session("one", 60)]).await;
    let all = join_all((0..50).map(|_| id(&cache, START))).await;
    assert_eq!((all.len(), server.requests().len()), (50, 1));
}

#[tokio::test]
async fn those_who_wait_share_a_failure_and_the_next_one_asks_anew() {
    let (cache, server) = cache(vec![Reply::json(500, "{}"), session("one", 60)]).await;
    let all = join_all((0..50).map(|_| cache.get(START))).await;
    assert!(all.iter().all(|one| one.as_ref().unwrap_err().to_string().contains("HTTP 500")));
    assert_eq!(server.requests().len(), 1);
    assert_eq!(id(&cache, START).await, "one");
}

#[tokio::test]
async fn who_gives_up_reading_leaves_the_turn_to_the_next() {
    let (cache, server) = cache(vec![Reply::Silence, session("two", 60)]).await;
    let mut first = Box::pin(cache.get(START));
    let mut second = Box::pin(cache.get(START));
    tokio::select! {
        biased;
        _ = &mut first => panic!("nobody answers the first"),
        _ = &mut second => panic!("the second waits for the first"),
        () = arrived(&server, 1) => {}
    }
    drop(first);
    assert_eq!(second.await.unwrap().access_key_id, "two");
}

#[tokio::test]
async fn a_valid_session_is_used_on_while_somebody_renews_it() {
    let (cache, server) = cache(vec![session("one", 60), Reply::Silence]).await;
    id(&cache, START).await;
    let late = START + TimeDelta::minutes(56);
    let mut renewing = Box::pin(cache.get(late));
    tokio::select! {
        biased;
        _ = &mut renewing => panic!("nobody answers"),
        () = arrived(&server, 2) => {}
    }
    let meanwhile = cache.get(late).now_or_never().expect("nobody waits for a renewal").unwrap();
    assert_eq!((meanwhile.access_key_id.as_str(), server.requests().len()), ("one", 2));
}

#[tokio::test]
async fn a_session_that_cannot_be_renewed_is_used_until_it_ends() {
    let failure = || Reply::json(503, "{}");
    let (cache, server) = cache(vec![session("one", 60), failure(), failure(), failure(), session("two", 120)]).await;
    id(&cache, START).await;
    let at = |seconds| START + TimeDelta::minutes(55) + TimeDelta::seconds(seconds);
    for (seconds, request_count) in [(0, 2), (1, 2), (29, 2), (30, 3), (59, 3)] {
        assert_eq!(id(&cache, at(seconds)).await, "one");
        assert_eq!(server.requests().len(), request_count, "{seconds}");
    }
    assert!(cache.get(START + TimeDelta::minutes(60)).await.is_err());
    assert_eq!(id(&cache, START + TimeDelta::minutes(60)).await, "two");
}

#[tokio::test]
async fn a_forgotten_session_is_not_used_on() {
    let (cache, _server) = cache(vec![session("one", 60), Reply::json(503, "{}")]).await;
    let refused = cache.get(START).await.unwrap();
    cache.forget(&refused);
    assert!(cache.get(START).await.is_err());
}

#[tokio::test]
async fn that_a_session_cannot_be_renewed_is_warned_of_once() {
    use std::sync::Mutex;
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl MakeWriter<'_> for Lines {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            self.clone()
        }
    }
    // With one subscriber alone, a warning that another test's thread meets first, which has none, is off for all.
    let _other = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_max_level(tracing::Level::WARN).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (cache, server) = cache(vec![session("one", 60), Reply::json(503, "{}")]).await;
    for minutes in [0, 55, 56, 57] {
        id(&cache, START + TimeDelta::minutes(minutes)).await;
    }
    assert_eq!(server.requests().len(), 4);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches("the session is used on").count(), 1, "{text}");
    assert!(text.contains("HTTP 503") && !text.contains("127.0.0.1"), "{text}");
}
