//! The members of a resource directory, page by page.

use emulator::{Emulator, Member, Options};

use crate::caller::{ACCOUNT, Caller, account, noon};

async fn page(emulator: &Emulator, query: &[(&str, &str)]) -> (u64, Vec<String>) {
    let answer = Caller::new(emulator).call("ListAccounts", query).await.json();
    let ids = answer["Accounts"]["Account"].as_array().unwrap().iter();
    let ids = ids.map(|account| account["AccountId"].as_str().unwrap().to_owned()).collect();
    (answer["TotalCount"].as_u64().unwrap(), ids)
}

#[tokio::test]
async fn members_come_ten_a_page_unless_told_otherwise_and_up_to_a_hundred() {
    let ids: Vec<_> = (0..25).map(|n| format!("19{n:014}")).collect();
    let members = ids.iter().map(|id| Member::new(id, "dev"));
    let options = Options::new().clock(emulator::Clock::Manual(noon())).account(account().directory(members));
    let emulator = Emulator::start(options).await.unwrap();
    assert_eq!(page(&emulator, &[]).await, (25, ids[..10].to_vec()));
    assert_eq!(page(&emulator, &[("PageNumber", "3")]).await, (25, ids[20..].to_vec()));
    assert_eq!(page(&emulator, &[("PageNumber", "4")]).await, (25, vec![]));
    assert_eq!(page(&emulator, &[("PageSize", "100")]).await, (25, ids));
    for query in [("PageSize", "101"), ("PageSize", "0"), ("PageNumber", "0"), ("PageNumber", "x")] {
        let refused = Caller::new(&emulator).call("ListAccounts", &[query]).await;
        assert_eq!(refused.code(), "InvalidParameter", "{query:?}");
    }
    emulator.with_settings(ACCOUNT, |settings| settings.directory = None);
    let refused = Caller::new(&emulator).call("ListAccounts", &[]).await;
    assert_eq!(refused.code(), "ResourceDirectoryNotInUse");
}
