-- Resource directories: who was a member when a directory was last seen whole.
--
-- A listing that fails, or that is not whole, takes nobody away, not even across a
-- restart of the worker: the members known so far are here.

create table inventory.organizations (
    account_id        text        not null,
    organization_name text        not null,
    listed_at         timestamptz,
    member_count      bigint,
    error_code        text,
    error_message     text,
    constraint organizations_pkey primary key (account_id, organization_name),
    constraint organizations_error_is_whole check ((error_code is null) = (error_message is null))
);
comment on table inventory.organizations is 'Resource directories of the configuration, and how their members were last listed.';
comment on column inventory.organizations.account_id is 'The management account.';
comment on column inventory.organizations.organization_name is 'The operator''s label, from the configuration.';
comment on column inventory.organizations.listed_at is 'When the members were last listed whole; null before the first time.';
comment on column inventory.organizations.member_count is 'How many of them were kept then; null before the first time.';
comment on column inventory.organizations.error_code is 'Why the newest listing was not whole, as a code; null where it was.';
comment on column inventory.organizations.error_message is 'The same in one line, with the mend; null where it was whole.';

create table inventory.organization_members (
    account_id        text        not null,
    organization_name text        not null,
    account_name      text        not null,
    joined_at         timestamptz not null,
    left_at           timestamptz,
    constraint organization_members_pkey primary key (account_id, organization_name)
);
comment on table inventory.organization_members is 'The accounts that are kept as members of an organization, and those that were.';
comment on column inventory.organization_members.account_id is 'The member.';
comment on column inventory.organization_members.organization_name is 'The organization, by its label.';
comment on column inventory.organization_members.account_name is 'What the member is called: the label of the organization, a slash, its display name.';
comment on column inventory.organization_members.joined_at is 'When a listing first showed it.';
comment on column inventory.organization_members.left_at is 'When a whole listing first showed it no more, or no more as one to keep; null while it is a member.';
