-- The ground: who asks, the city's pack, people, the record, and what is still to do.
create extension if not exists ltree;
create extension if not exists pg_trgm;
create extension if not exists btree_gist;

-- Whoever opens a transaction names its actor with set_config; without one nothing is seen.
create function actor_name() returns text language sql stable
  as $$ select nullif(current_setting('yiwang.actor', true), '') $$;
create function actor_person() returns bigint language sql stable
  as $$ select nullif(current_setting('yiwang.person', true), '')::bigint $$;
create function actor_places() returns ltree[] language sql stable
  as $$ select coalesce(nullif(current_setting('yiwang.places', true), ''), '{}')::ltree[] $$;
create function actor_units() returns text[] language sql stable
  as $$ select coalesce(nullif(current_setting('yiwang.units', true), ''), '{}')::text[] $$;
create function actor_sees_persons() returns boolean language sql stable
  as $$ select coalesce(current_setting('yiwang.persons', true), '') = 'on' $$;

create table settings (
  key   text primary key,
  value jsonb not null
);

-- The installed pack, item by item; `body` is the value of ground/packs/model.py as JSON.
create table pack_items (
  sort     text not null,
  key      text not null,
  body     jsonb not null,
  area     bytea,
  primary key (sort, key)
);

create table persons (
  id         bigint generated always as identity primary key,
  login      text not null unique,
  name       text not null,
  phone      text,
  email      text,
  language   text not null default 'zh' check (language in ('zh', 'en')),
  active     boolean not null default true,
  created_at timestamptz not null
);

create table credentials (
  person_id      bigint primary key references persons,
  password_hash  text not null,
  totp_secret    bytea,
  totp_last_step bigint not null default 0,
  failed         integer not null default 0,
  locked_until   timestamptz,
  changed_at     timestamptz not null
);

create table appointments (
  id         bigint generated always as identity primary key,
  person_id  bigint not null references persons,
  post       text not null,
  since      timestamptz not null,
  until      timestamptz,
  granted_by text not null
);
create index on appointments (person_id);

create table sessions (
  id         bytea primary key,          -- SHA-256 of the token; the token is never stored
  person_id  bigint not null references persons,
  csrf       text not null,
  created_at timestamptz not null,
  seen_at    timestamptz not null,
  expires_at timestamptz not null,
  ended_at   timestamptz,
  agent      text not null default '',
  address    text not null default ''
);
create index on sessions (person_id);

create table api_keys (
  id         bigint generated always as identity primary key,
  name       text not null,
  system     text not null,              -- the sending system; (system, external id) is unique
  digest     bytea not null unique,      -- SHA-256 of the key; the key is never stored
  scopes     text[] not null,
  place      text not null,
  unit       text,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);

-- The record. Only ever appended to; final order is (xid, id) once xid is below every running one.
create table events (
  id        bigint generated always as identity primary key,
  xid       bigint not null default (pg_current_xact_id()::text::bigint),
  at        timestamptz not null,
  actor     text not null,
  unit      text,
  action    text not null,
  matter    text not null,
  matter_id bigint not null,
  case_id   bigint,
  place     ltree not null,
  article   text not null,
  rule      text not null,
  before    text,
  after     text,
  facts     jsonb not null,
  salt      bytea not null default uuid_send(gen_random_uuid())
);
create index events_order on events (xid, id);
create index events_case on events (case_id, id) where case_id is not null;
create index events_matter on events (matter, matter_id, id) where case_id is null;

create table ledger_tiles (
  level  integer not null,
  number bigint not null,
  hashes bytea not null,
  primary key (level, number)
);
-- Hashes do not compress.
alter table ledger_tiles alter hashes set storage external;
create table ledger_batches (
  first_position bigint primary key,
  count          integer not null,
  first_xid      bigint not null,
  first_id       bigint not null,
  last_xid       bigint not null,
  last_id        bigint not null
);
create index on ledger_batches (last_xid, last_id);
create table ledger_heads (
  size      bigint primary key,
  root      bytea not null,
  at        timestamptz not null,
  key_id    text not null,
  signature bytea not null
);

-- What an event still has to start; taken in batches by the worker, in the order of `id`.
create table todos (
  id       bigint generated always as identity primary key,
  reaction text not null,
  subject  bigint not null,
  at       timestamptz not null,           -- the moment of the event: the reaction's `now`
  due_at   timestamptz not null,
  key      text unique,                    -- one of each, e.g. a timer
  attempts integer not null default 0,
  error    text,
  parked   boolean not null default false  -- failed too often; an administrator looks at it
);
create index todos_due on todos (due_at, id) where not parked;

create table jobs (
  id          bigint generated always as identity primary key,
  version     integer not null default 1,
  sort        text not null,               -- "export", "import"
  state       text not null,
  person_id   bigint references persons,
  actor       text not null,
  params      jsonb not null,
  done        bigint not null default 0,
  total       bigint,
  result      jsonb not null default '{}',
  error       text,
  created_at  timestamptz not null,
  finished_at timestamptz
);

-- The second wall: row-level security. The worker acts for the whole city and has its own role.
do $$
declare name text;
begin
  foreach name in array array['persons', 'credentials', 'appointments', 'sessions', 'api_keys',
                              'events', 'jobs'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy worker on %I to yiwang_worker using (true) with check (true)', name);
  end loop;
end $$;

-- "gate" is the actor of signing in, "keeper" the actor of the administration of people.
create policy seen on persons to yiwang_service using ((select actor_name()) is not null);
create policy gate on credentials to yiwang_service
  using ((select actor_name()) in ('gate', 'keeper') or person_id = (select actor_person()));
create policy seen on appointments to yiwang_service using ((select actor_name()) is not null);
create policy gate on sessions to yiwang_service
  using ((select actor_name()) in ('gate', 'keeper') or person_id = (select actor_person()));
create policy gate on api_keys to yiwang_service using ((select actor_name()) in ('gate', 'keeper'));
create policy own on jobs to yiwang_service using (person_id = (select actor_person()));
create policy written on events for insert to yiwang_service
  with check ((select actor_name()) is not null);

grant select on settings, pack_items, ledger_tiles, ledger_batches, ledger_heads
  to yiwang_service, yiwang_worker;
grant insert, update, delete on settings, pack_items to yiwang_worker;
grant select, insert, update on persons, credentials, appointments, sessions, api_keys, jobs
  to yiwang_service, yiwang_worker;
grant select on events to yiwang_service, yiwang_worker;
-- Order, transaction and salt of an event are the database's to give, never the writer's.
grant insert (at, actor, unit, action, matter, matter_id, case_id, place, article, rule, before,
              after, facts) on events to yiwang_service, yiwang_worker;
grant insert on ledger_batches, ledger_heads to yiwang_worker;
grant insert, update on ledger_tiles to yiwang_worker;
grant select, insert on todos to yiwang_service;
grant select, insert, update, delete on todos to yiwang_worker;
