-- What a desk needs beside the actions: work lists, read marks, filters, presence, roster, callers.

-- What waits for somebody, by kind of matter: the work list reads nothing else.
create index cases_waiting on cases (due_next, id)
  where state in ('reported', 'filed', 'suspended');
create index cases_waiting_place on cases using gist (place)
  where state in ('reported', 'filed', 'suspended');
create index reports_queued on reports (received_at, id) where state = 'queued';
create index orders_stopped on orders (due_handle, id) where state in ('returned', 'suspended');
create index approvals_open on approvals (id) where state = 'requested';
create index disputes_open on disputes (id) where state = 'raised';

-- A unit's notice is read by each of its people for themselves. `up_to` marks all before it.
create table notice_marks (
  person_id bigint primary key references persons,
  up_to     bigint not null
);
create table notice_reads (
  person_id bigint not null references persons,
  notice_id bigint not null references notices,
  read_at   timestamptz not null,
  primary key (person_id, notice_id)
);
create index notices_person on notices (person_id, id) where person_id is not null;

-- Filters of lists, kept by a person; one with a `unit` is seen by all of that unit.
create table saved_filters (
  id         bigint generated always as identity primary key,
  person_id  bigint not null references persons,
  unit       text,
  list       text not null,
  name       text not null,
  query      jsonb not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  unique (person_id, list, name)
);
create index on saved_filters (unit) where unit is not null;

-- Who has a case open at this moment. Worth nothing after a crash, so it is not logged.
create unlogged table presences (
  case_id   bigint not null,
  person_id bigint not null,
  since     timestamptz not null,
  seen_at   timestamptz not null,
  writing   boolean not null,
  primary key (case_id, person_id)
);
create index on presences (person_id);

-- Who is on duty. `place` is that of the centre `unit`; a person is nowhere twice at once.
create table roster (
  id         bigint generated always as identity primary key,
  unit       text not null,
  place      ltree not null,
  role       text not null check (role in ('duty_chief', 'deputy', 'operator')),
  person_id  bigint not null references persons,
  since      timestamptz not null,
  until      timestamptz not null check (until > since),
  created_by text not null,
  created_at timestamptz not null,
  constraint roster_once exclude using gist (person_id with =, tstzrange(since, until) with &&)
    deferrable initially immediate
);
create index on roster (unit, since);

-- The digits of a number alone, as it was left: what a caller's number is compared with.
alter table reporters add column digits text
  generated always as (regexp_replace(phone, '[^0-9]', '', 'g')) stored;
create index reporters_digits on reporters (digits) where digits <> '';

-- Open cases around a point (local metres), the nearest first: for suggestions to everybody. The
-- operators of points are not leakproof, so behind row-level security no index of theirs is used;
-- hence this function. What it gives of a reporter's words is to be compared, not to be shown.
create function cases_near(
  _x double precision, _y double precision, _radius double precision, _since timestamptz,
  _most integer
) returns table (
  id bigint, number text, kind text, state text, place ltree, reported_at timestamptz,
  due_handle timestamptz, due_total timestamptz, lead text, centre text, report_count integer,
  lon double precision, lat double precision, title text, text text, address text
)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id, c.number, c.kind, c.state, c.place, c.reported_at, c.due_handle, c.due_total,
         c.lead, c.centre, c.report_count, c.lon, c.lat, c.title, c.text, c.address
  from cases c
  where actor_name() is not null
    and c.state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended')
    and c.spot <@ box(point(_x - _radius, _y - _radius), point(_x + _radius, _y + _radius))
    and c.reported_at >= _since
  order by c.spot <-> point(_x, _y) limit _most
$$;
revoke all on function cases_near from public;
grant execute on function cases_near to yiwang_service, yiwang_worker;

do $$
declare name text;
begin
  foreach name in array array['notice_marks', 'notice_reads', 'saved_filters', 'presences',
                              'roster'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy worker on %I to yiwang_worker using (true) with check (true)', name);
  end loop;
end $$;
create policy own on notice_marks to yiwang_service using (person_id = (select actor_person()));
create policy own on notice_reads to yiwang_service using (person_id = (select actor_person()));
create policy own on saved_filters to yiwang_service using (person_id = (select actor_person()))
  with check (person_id = (select actor_person())
              and (unit is null or unit = any ((select actor_units())::text[])));
create policy shared on saved_filters for select to yiwang_service
  using (unit = any ((select actor_units())::text[]));
create policy seen on presences for select to yiwang_service
  using (exists (select 1 from cases c where c.id = presences.case_id));
create policy own on presences to yiwang_service using (person_id = (select actor_person()))
  with check (person_id = (select actor_person())
              and exists (select 1 from cases c where c.id = presences.case_id));
-- Staff know who is on duty; only whoever reaches the centre writes it.
create policy seen on roster for select to yiwang_service
  using ((select actor_person()) is not null or cardinality((select actor_places())) > 0);
create policy kept on roster to yiwang_service
  using ((select actor_places()) @> place or unit = any ((select actor_units())::text[]));

grant select, insert, update, delete on saved_filters, presences to yiwang_service;
grant select, insert, update on notice_marks to yiwang_service;
grant select, insert, delete on notice_reads to yiwang_service;
grant select, insert, delete on roster to yiwang_service;
grant usage on sequence saved_filters_id_seq, roster_id_seq to yiwang_service;
grant select on saved_filters, roster to yiwang_worker;
grant select, delete on presences, notice_reads to yiwang_worker;
