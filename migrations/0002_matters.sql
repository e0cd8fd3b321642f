-- The first stream: report -> case -> order -> check, with approvals and disputes beside them.
-- Every matter has id, version, state, case_id, place and parties; `spot` is in local metres.

create table reports (
  id              bigint generated always as identity primary key,
  version         integer not null default 1,
  state           text not null,
  source          text not null,
  system          text not null,           -- who sent it: a key's system, or the way in
  external_id     text,
  idempotency_key text,
  digest          bytea not null,          -- of the body: a repeated key must carry the same
  received_at     timestamptz not null,
  happened_at     timestamptz not null,    -- when it was discovered, as far as known
  title           text not null default '',
  text            text not null,
  address         text not null default '',
  lon             double precision,        -- WGS-84 as stored; converted at the edge
  lat             double precision,
  spot            point,
  kind            text,
  kind_reason     jsonb not null default '{}',
  place           ltree not null,          -- the whole city until it is located
  place_reason    jsonb not null default '{}',
  match_reason    jsonb not null default '{}',
  attributes      jsonb not null default '{}',
  language        text not null default 'zh',
  synthetic       boolean not null default false,
  urgent          boolean not null default false,
  case_id         bigint,
  parties         text[] not null default '{}',
  collector       bigint,                  -- the person who reported on duty, if any
  reason          text
);
create unique index reports_external on reports (system, external_id) where external_id is not null;
create unique index reports_key on reports (system, idempotency_key) where idempotency_key is not null;
create index reports_case on reports (case_id) where case_id is not null;
create index reports_desk on reports (received_at, id) where state in ('received', 'queued');
create index reports_time on reports (received_at, id);

create table reporters (
  report_id bigint primary key references reports,
  name      text not null default '',
  phone     text not null default '',
  email     text not null default '',
  wants_reply boolean not null default true
);

create table attachments (
  id         bigint generated always as identity primary key,
  report_id  bigint references reports,
  case_id    bigint,
  order_id   bigint,
  check_id   bigint,
  place      ltree not null,
  role       text not null,               -- near, far, reference, before, after, other
  media_type text not null,
  sha256     text not null,
  size       integer not null,
  width      integer not null,
  height     integer not null,
  lon        double precision,
  lat        double precision,
  taken_at   timestamptz,
  created_at timestamptz not null,
  created_by text not null
);
create index on attachments (report_id);
create index on attachments (case_id);

create table counters (
  name text primary key,
  n    bigint not null
);

create table cases (
  id            bigint generated always as identity primary key,
  version       integer not null default 1,
  state         text not null,
  number        text not null unique,
  source        text not null,
  kind          text not null,
  kind_reason   jsonb not null default '{}',
  place         ltree not null,
  place_reason  jsonb not null default '{}',
  parties       text[] not null default '{}',   -- every unit that ever had an order or a say
  title         text not null default '',
  text          text not null default '',
  address       text not null default '',
  lon           double precision,
  lat           double precision,
  spot          point,
  synthetic     boolean not null default false,
  urgent        boolean not null default false,
  supervised    boolean not null default false,
  typical       boolean not null default false,
  forced        boolean not null default false,
  on_the_spot   boolean not null default false, -- fixed by whoever found it
  discovered_at timestamptz not null,
  reported_at   timestamptz not null,
  filed_at      timestamptz,
  dispatched_at timestamptz,
  handled_at    timestamptz,
  closed_at     timestamptz,
  due_verify    timestamptz,
  due_dispatch  timestamptz,
  due_handle    timestamptz,
  due_check     timestamptz,
  due_total     timestamptz,
  due_next      timestamptz,                    -- the clock that runs now; the work list sorts by it
  limit_reason  jsonb not null default '{}',
  lead          text,                           -- unit of the lead order
  centre        text not null,                  -- the operation centre that commands it
  dispatch_reason jsonb not null default '{}',
  parent_id     bigint references cases,
  merged_into   bigint references cases,
  open_children integer not null default 0,
  report_count  integer not null default 0,
  rounds        integer not null default 0,     -- of handling: rework adds one
  reopened      integer not null default 0,
  returned      integer not null default 0,
  passed_check  boolean not null default false,
  reason        text,                           -- why it was closed, cancelled, suspended
  overdue       text[] not null default '{}',   -- the stages that ran over
  alarm_at      timestamptz                     -- when the platform must look at it next
);
create index cases_open_due on cases (due_next, id)
  where state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended');
create index cases_open_spot on cases using gist (spot)
  where state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended');
create index cases_place on cases using gist (place)
  where state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended');
create index cases_filed on cases (reported_at desc, id desc);
create index cases_lead on cases (lead, id)
  where state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended');
create index cases_alarm on cases (alarm_at, id) where alarm_at is not null;
create index cases_parent on cases (parent_id) where parent_id is not null;
create index cases_text on cases using gin ((title || ' ' || text) gin_trgm_ops)
  with (fastupdate = on, gin_pending_list_limit = 256);  -- every search reads the whole pending list

create table orders (
  id             bigint generated always as identity primary key,
  version        integer not null default 1,
  state          text not null,
  case_id        bigint not null references cases,
  unit           text not null,
  role           text not null check (role in ('lead', 'assist')),
  centre         text not null,
  place          ltree not null,
  parties        text[] not null default '{}',
  kind           text not null,
  round          integer not null default 1,
  urgent         boolean not null default false,
  synthetic      boolean not null default false,
  reason         jsonb not null default '{}',
  issued_by      text not null,
  issued_at      timestamptz not null,
  accepted_at    timestamptz,
  contacted_at   timestamptz,
  finished_at    timestamptz,
  due_accept     timestamptz,
  due_contact    timestamptz,
  due_handle     timestamptz,
  limits         jsonb not null default '{}',  -- each clock: start, amount, kind, origin
  milestones     jsonb not null default '[]',
  handler        bigint,                        -- the person who accepted
  returned_reason text,
  result         text,
  outcome        text,                          -- solved, explained, partly, not_ours
  evidence       bigint[] not null default '{}',
  pauses         jsonb not null default '[]',
  extended       integer not null default 0,
  pending        text,                          -- an approval that is being decided
  urged          integer not null default 0
);
create unique index orders_one_lead on orders (case_id)
  where role = 'lead' and state in ('issued', 'accepted', 'suspended', 'returned', 'disputed');
create unique index orders_once on orders (case_id, unit)
  where state in ('issued', 'accepted', 'suspended', 'returned', 'disputed');
create index orders_case on orders (case_id);
create index orders_unit on orders (unit, due_handle, id)
  where state in ('issued', 'accepted', 'suspended', 'returned', 'disputed');
create index orders_returned on orders (centre, id) where state = 'returned';

create table checks (
  id          bigint generated always as identity primary key,
  version     integer not null default 1,
  state       text not null,
  sort        text not null check (sort in ('verify', 'check')),
  mode        text not null check (mode in ('onsite', 'callback')),
  case_id     bigint not null references cases,
  order_id    bigint references orders,
  unit        text not null,                    -- who checks; never one of `handlers`
  handlers    text[] not null default '{}',     -- units that handled: none of their people checks
  hands       bigint[] not null default '{}',   -- persons who handled
  place       ltree not null,
  parties     text[] not null default '{}',
  round       integer not null default 1,
  synthetic   boolean not null default false,
  reason      jsonb not null default '{}',
  assignee    bigint,
  arranged_at timestamptz not null,
  due_at      timestamptz,
  done_at     timestamptz,
  done_by     text,
  result      text,
  evidence    bigint[] not null default '{}'
);
create unique index checks_one_open on checks (case_id, sort) where state = 'arranged';
create index checks_case on checks (case_id);
create index checks_unit on checks (unit, due_at, id) where state = 'arranged';

create table approvals (
  id           bigint generated always as identity primary key,
  version      integer not null default 1,
  state        text not null,
  sort         text not null check (sort in ('extension', 'suspension')),
  case_id      bigint not null references cases,
  order_id     bigint not null references orders,
  unit         text not null,                   -- who asks
  centre       text not null,                   -- who decides
  place        ltree not null,
  parties      text[] not null default '{}',
  amount       double precision,
  clock        text,
  until        timestamptz,
  reason       text not null,
  asked_by     bigint,
  asked_at     timestamptz not null,
  decided_by   text,
  decided_at   timestamptz,
  decision     text
);
create unique index approvals_one on approvals (order_id) where state = 'requested';
create index approvals_case on approvals (case_id);
create index approvals_centre on approvals (centre, id) where state = 'requested';

create table disputes (
  id           bigint generated always as identity primary key,
  version      integer not null default 1,
  state        text not null,
  case_id      bigint not null references cases,
  order_id     bigint not null references orders,
  unit         text not null,                   -- who raised it
  against      text not null,                   -- whom it names as responsible
  centre       text not null,                   -- the centre of their lowest common place
  place        ltree not null,
  parties      text[] not null default '{}',
  reason       text not null,
  raised_at    timestamptz not null,
  decided_by   text,
  decided_at   timestamptz,
  ruling       text,                            -- the unit that is to lead
  decision     text
);
create unique index disputes_one on disputes (order_id) where state = 'raised';
create index disputes_case on disputes (case_id);
create index disputes_centre on disputes (centre, id) where state = 'raised';

create table notices (
  id        bigint generated always as identity primary key,
  audience  text not null check (audience in ('reporter', 'unit', 'person')),
  report_id bigint,
  unit      text,
  person_id bigint,
  case_id   bigint,
  code      text not null,
  facts     jsonb not null default '{}',
  at        timestamptz not null,
  read_at   timestamptz
);
create index on notices (report_id, id) where report_id is not null;
create index on notices (unit, id) where unit is not null;
create unique index notices_once on notices (report_id, case_id, code) where report_id is not null;

create table webhooks (
  id         bigint generated always as identity primary key,
  url        text not null,
  secret     bytea not null,
  actions    text[] not null,
  place      ltree not null,
  unit       text,
  active     boolean not null default true,
  created_by text not null,
  created_at timestamptz not null,
  cursor_xid bigint not null,
  cursor_id  bigint not null,
  failures   integer not null default 0,
  next_at    timestamptz not null,
  last_error text
);

do $$
declare name text;
begin
  foreach name in array array['reports', 'reporters', 'attachments', 'cases', 'orders', 'checks',
                              'approvals', 'disputes', 'notices', 'webhooks'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy worker on %I to yiwang_worker using (true) with check (true)', name);
  end loop;
  -- One's place, or a unit of one's own that is party to the matter.
  foreach name in array array['reports', 'cases', 'orders', 'checks', 'approvals', 'disputes'] loop
    execute format('create policy seen on %I to yiwang_service using ('
      '(select actor_places()) @> place or parties && (select actor_units())) '
      'with check ((select actor_name()) is not null)', name);
  end loop;
end $$;
create policy seen on attachments to yiwang_service
  using ((select actor_places()) @> place
         or exists (select 1 from cases c where c.id = attachments.case_id)
         or exists (select 1 from reports r where r.id = attachments.report_id))
  with check ((select actor_name()) is not null);
create policy seen on reporters to yiwang_service
  using ((select actor_sees_persons())
         and exists (select 1 from reports r where r.id = reporters.report_id))
  with check ((select actor_name()) is not null);
create policy seen on notices to yiwang_service
  using (unit = any ((select actor_units())::text[]) or person_id = (select actor_person())
         or exists (select 1 from reports r where r.id = notices.report_id))
  with check ((select actor_name()) is not null);
create policy keeper on webhooks to yiwang_service using ((select actor_name()) = 'keeper');
create policy seen on events for select to yiwang_service
  using ((select actor_places()) @> place or unit = any ((select actor_units())::text[])
         or exists (select 1 from cases c where c.id = events.case_id));

grant select, insert, update on reports, reporters, attachments, counters, cases, orders, checks,
  approvals, disputes, notices, webhooks to yiwang_service, yiwang_worker;
grant usage on all sequences in schema public to yiwang_service, yiwang_worker;
grant select on sequence reports_id_seq to yiwang_worker;  -- how fast reports arrive

-- Takes reports in: each report, its event and its todo in one statement's work. A repeated key
-- answers with the first report; whether its body was the same is the caller's to judge.
create function take_reports(
  _source text[], _system text[], _external text[], _key text[], _digest bytea[],
  _received timestamptz[], _happened timestamptz[], _title text[], _text text[], _address text[],
  _lon double precision[], _lat double precision[], _kind text[], _attributes jsonb[],
  _language text[], _synthetic boolean[], _urgent boolean[], _collector bigint[],
  _name text[], _phone text[], _email text[], _actor text[], _root ltree, _reactions text[]
) returns table (ordinal integer, id bigint, fresh boolean, digest bytea)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare size integer := cardinality(_source);
declare ids bigint[];
declare taken integer;
begin
  select array_agg(nextval(pg_get_serial_sequence('reports', 'id')) order by i)
    into ids from generate_series(1, size) i;
  return query
  with given as (
    select * from unnest(ids, _source, _system, _external, _key, _digest, _received, _happened,
                         _title, _text, _address, _lon, _lat, _kind, _attributes, _language,
                         _synthetic, _urgent, _collector, _name, _phone, _email, _actor)
      with ordinality
      as g(id, source, system, external_id, idempotency_key, digest, received_at, happened_at,
           title, text, address, lon, lat, kind, attributes, language, synthetic, urgent,
           collector, name, phone, email, actor, ordinal)
  ), taken as (
    insert into reports (id, state, source, system, external_id, idempotency_key, digest,
                         received_at, happened_at, title, text, address, lon, lat, kind, place,
                         attributes, language, synthetic, urgent, collector)
    overriding system value
    select g.id, 'received', source, system, external_id, idempotency_key, digest, received_at,
           happened_at, title, text, address, lon, lat, kind, _root, attributes, language,
           synthetic, urgent, collector
    from given g
    on conflict do nothing
    returning reports.id
  ), reporter as (
    insert into reporters (report_id, name, phone, email)
    select g.id, name, phone, email from given g join taken using (id)
    where name <> '' or phone <> '' or email <> ''
  ), recorded as (
    insert into events (at, actor, action, matter, matter_id, place, article, rule, before, after,
                        facts)
    select received_at, actor, 'report.receive', 'report', g.id, _root, 'XIV', 'report.receive',
           null, 'received', jsonb_build_object('source', source, 'system', system)
    from given g join taken using (id)
  ), started as (
    insert into todos (reaction, subject, at, due_at)
    select r, g.id, g.received_at, g.received_at
    from given g join taken using (id), unnest(_reactions) r
  )
  select g.ordinal::integer, g.id, true, g.digest from given g join taken using (id);
  get diagnostics taken = row_count;
  if taken = size then
    return;
  end if;
  -- Whatever was not taken was there before (or earlier in this batch).
  return query
  select distinct on (found.ordinal) found.ordinal::integer, found.id, false, found.digest
  from (
    select g.ordinal, r.id, r.digest
    from unnest(ids, _system, _external) with ordinality as g(id, system, external_id, ordinal)
    join reports r on r.system = g.system and r.external_id = g.external_id and r.id <> g.id
    union all
    select g.ordinal, r.id, r.digest
    from unnest(ids, _system, _key) with ordinality as g(id, system, idempotency_key, ordinal)
    join reports r on r.system = g.system and r.idempotency_key = g.idempotency_key and r.id <> g.id
  ) found
  order by found.ordinal, found.id;
end $$;
revoke all on function take_reports from public;
grant execute on function take_reports to yiwang_service, yiwang_worker;
