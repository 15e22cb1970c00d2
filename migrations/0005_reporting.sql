-- The reporting contract begins: its schemas, its version, and what stays private.
--
-- Views run with the rights of their owner, so a reader needs none on the tables.
-- They hold to text, numbers, booleans, dates and instants, which every BI tool
-- reads. Columns are only ever appended; what would break readers becomes
-- reporting_v2 beside this schema.

create schema reporting;
comment on schema reporting is 'What BI tools, analysts and retention jobs may rely on. Names nobody. Instants are UTC; reporting.contract holds the version.';

create schema reporting_pii;
comment on schema reporting_pii is 'The views that name people, for the role stocktake_pii_reader alone.';

-- PostgreSQL lets everyone execute a new function. Guards fire without that right.
revoke all on schema inventory, reporting, reporting_pii from public;
revoke all on all tables in schema inventory from public;
revoke all on all functions in schema inventory from public;

create view reporting.contract as
select text '1.0.0' as version;

comment on view reporting.contract is 'The version of the contract that the views of this schema keep; one row.';
comment on column reporting.contract.version is 'major.minor.patch: minor grows with appended columns and new views, major never changes in this schema.';
