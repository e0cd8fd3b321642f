-- Revisions: changes of the city's data, drafted by one person and approved by another.
create table revisions (
  id           bigint generated always as identity primary key,
  version      integer not null default 1,
  state        text not null,              -- draft, submitted, approved, in_force, rejected, withdrawn
  place        ltree not null,             -- the lowest place that holds all it changes
  title        text not null,
  reason       text not null,
  effective_on date not null,
  changes      jsonb not null,             -- [{sort, item, before, after}], null: there is none
  author       bigint not null references persons,
  restores     bigint references revisions,  -- the revision whose effect it takes back
  created_at   timestamptz not null,
  submitted_at timestamptz,
  decided_by   bigint references persons,
  decided_at   timestamptz,
  decision     text,
  in_force_at  timestamptz,
  number       integer unique               -- its turn among those that came in force
);
create index revisions_state on revisions (state, effective_on, id);
create index revisions_changes on revisions using gin (changes jsonb_path_ops);
create index revisions_place on revisions using gist (place);

alter table revisions enable row level security;
create policy worker on revisions to yiwang_worker using (true) with check (true);
create policy seen on revisions to yiwang_service
  using ((select actor_places()) @> place)
  with check ((select actor_person()) is not null);
grant select, insert, update on revisions to yiwang_worker;
-- Whoever drafts and whoever decides write what is theirs to write; coming in force is the worker's.
grant select, insert on revisions to yiwang_service;
grant update (version, state, place, title, reason, effective_on, changes, submitted_at, decided_by,
              decided_at, decision) on revisions to yiwang_service;
grant usage on sequence revisions_id_seq to yiwang_service, yiwang_worker;
