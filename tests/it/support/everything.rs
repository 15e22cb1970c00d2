//! A world that has met everything: each table of its database holds a row.

use chrono::TimeDelta;
use emulator::Fault;
use stocktake::inventory::Source;

use super::World;

impl World {
    /// What [`World::lived_in`] is, with a user erased, a directory listed, a login named, an item without an id
    /// and one with a field that cannot be read.
    pub(crate) async fn with_everything() -> Self {
        let world = Self::lived_in().await;
        let odd = Fault::edit_items(|items| {
            items[0]["AccessTokenId"] = "".into();
            items[1]["CreationTime"] = "some day".into();
        });
        world.emulator.add_fault(odd.action("ListAccessTokens").always());
        assert!(!world.scan(Source::AccessTokens).await.is_success());
        world.emulator.clear_faults();
        world.advance(TimeDelta::minutes(1));
        let rest = "
            insert into inventory.organizations (account_id, organization_name, listed_at, member_count)
            select account_id, 'group', now(), 1 from inventory.accounts;
            insert into inventory.organization_members (account_id, organization_name, account_name, joined_at)
            select account_id, 'group', 'group/prod', now() from inventory.accounts;
            select inventory.erase_user(account_id, min(user_key), 'case 8', 'auditor', now())
            from inventory.mfa_users
            group by account_id;
            insert into inventory.reader_accounts select account_id, session_user from inventory.accounts";
        world.database.execute(rest).await;
        let holds_rows = "
            select relname from pg_class
            where relnamespace = 'inventory'::regnamespace and relkind = 'r'
              and (xpath('/row/c/text()', query_to_xml('select count(*) as c from inventory.' || relname, false, true, '')))
                  [1]::text = '0'";
        assert_eq!(world.database.rows(holds_rows).await, [""; 0], "tables without a row");
        world
    }
}
