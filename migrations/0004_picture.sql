-- The picture: what every case looked like after each of its steps, so that the city of any past
-- moment can be drawn, and the living one kept current without looking at anything twice.

-- One row for each event that changed how an open case looks, or who sees it; only ever appended
-- to, by the trigger below. `event_id` grows along a case, whose row is locked while it moves; `xid`
-- says which transaction brought it, as in events. `flags`: 1 urgent, 2 overdue, 4 supervised,
-- 8 synthetic.
create table case_steps (
  case_id  bigint not null,
  event_id bigint not null,
  xid      bigint not null,
  at       timestamptz not null,
  due      timestamptz,               -- the clock that ran after it
  lon      double precision,
  lat      double precision,
  flags    smallint not null,
  state    text not null,
  action   text not null,
  kind     text not null,
  place    ltree not null,
  parties  text[] not null,
  primary key (case_id, event_id)
);

create function is_open(_state text) returns boolean language sql immutable parallel safe
  as $$ select _state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended') $$;

-- The clock that runs in a state, as cases/rules.py sets `due_next`; made-up cases are recorded all
-- at once, when `due_next` is already that of their last state.
create function running_due(_case cases, _state text) returns timestamptz
  language sql stable parallel safe as $$
  select case _state
    when 'reported' then _case.due_total when 'verifying' then _case.due_verify
    when 'filed' then _case.due_dispatch when 'dispatched' then _case.due_handle
    when 'checking' then _case.due_check end $$;

-- Overdue: the clock that runs now, or the whole, ran over.
create function look_flags(_case cases, _state text) returns smallint
  language sql stable parallel safe as $$
  select ((case when _case.urgent then 1 else 0 end)
    | (case when _state = _case.state and _case.overdue && array['total', case _state
         when 'verifying' then 'verify' when 'filed' then 'dispatch'
         when 'dispatched' then 'handle' when 'checking' then 'check' else 'total' end]
       then 2 else 0 end)
    | (case when _case.supervised then 4 else 0 end)
    | (case when _case.synthetic then 8 else 0 end))::smallint $$;

-- What was recorded before: state, place and moment of every step from the record, the rest (kind,
-- position, marks, who sees it) as it is now, since the record did not keep it.
insert into case_steps
select c.id, e.id, e.xid, e.at, running_due(c, e.after), c.lon, c.lat, look_flags(c, e.after),
       e.after, e.action, c.kind, e.place, c.parties
from events e join cases c on c.id = e.case_id
where e.matter = 'case' and (is_open(e.before) or is_open(e.after));

create index case_steps_xid on case_steps (xid);
create index case_steps_at on case_steps (at);
-- Which cases a moment has to do with: those alive at it, however many ended before or since.
create index cases_life on cases using gist (
  tstzrange(least(reported_at, coalesce(closed_at, 'infinity'::timestamptz)), closed_at));

-- Cases are saved before their event is recorded, so what is seen here is how they look after it.
-- An event of an order or check counts where it gave a further unit a say. The plan must not depend
-- on how many rows the first call had.
create function record_steps() returns trigger language plpgsql security definer
set search_path = public, pg_temp
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
begin
  if not exists (select from fresh where case_id is not null) then
    return null;  -- reports as they come in, hundreds at once
  end if;
  insert into case_steps
  select c.id, e.id, e.xid, e.at, running_due(c, l.state), c.lon, c.lat, look_flags(c, l.state),
         l.state, e.action, c.kind, case when e.matter = 'case' then e.place else c.place end,
         c.parties
  from fresh e join cases c on c.id = e.case_id,
       lateral (select case when e.matter = 'case' then e.after else c.state end as state) l
  where case when e.matter = 'case' then is_open(e.before) or is_open(e.after)
        else is_open(c.state) and c.parties is distinct from (
          select s.parties from case_steps s where s.case_id = c.id
          order by s.event_id desc limit 1)
        end;
  return null;
end $$;
create trigger steps after insert on events referencing new table as fresh
  for each statement execute function record_steps();

-- The open cases of a moment within a place, as far as the asking actor saw them then.
create function cases_at(_moment timestamptz, _within ltree)
returns table (id bigint, number text, lon double precision, lat double precision, kind text,
               place ltree, state text, flags smallint, due bigint, reported bigint)
language sql stable security definer rows 10000
set search_path = public, pg_temp set work_mem = '32MB' as $$
  select c.id, c.number, s.lon, s.lat, s.kind, s.place, s.state, s.flags,
         floor(extract(epoch from s.due))::bigint, floor(extract(epoch from c.reported_at))::bigint
  from cases c cross join lateral (
    select * from case_steps s where s.case_id = c.id and s.at <= _moment
    order by s.event_id desc limit 1
  ) s
  where tstzrange(least(c.reported_at, coalesce(c.closed_at, 'infinity'::timestamptz)), c.closed_at)
        @> _moment
    and is_open(s.state) and s.place <@ _within
    and (s.place <@ any ((select actor_places())::ltree[]) or s.parties && (select actor_units()))
    and (select actor_name()) is not null
  order by c.id $$;

-- Every step from one moment to before another, at most so many; `state` is null where the case
-- is no longer open, or no longer the asking actor's to see.
create function steps_between(_from timestamptz, _to timestamptz, _within ltree, _most integer)
returns table (at double precision, id bigint, state text, lon double precision,
               lat double precision, kind text, place ltree, flags smallint, action text)
language sql stable security definer rows 10000 set search_path = public, pg_temp as $$
  select extract(epoch from s.at)::double precision, s.case_id,
         case when w.seen and is_open(s.state) then s.state end,
         case when w.seen then s.lon end, case when w.seen then s.lat end,
         case when w.seen then s.kind end, case when w.seen then s.place end,
         case when w.seen then s.flags else 0::smallint end,
         case when w.seen then s.action else '' end
  from case_steps s cross join lateral (
    select s.place <@ _within
           and (s.place <@ any ((select actor_places())::ltree[])
                or s.parties && (select actor_units())) as seen
  ) w
  where s.at >= _from and s.at < _to and (select actor_name()) is not null
    and (w.seen or exists (
      select 1 from (select * from case_steps b where b.case_id = s.case_id
                     and b.event_id < s.event_id order by b.event_id desc limit 1) p
      where p.place <@ _within
        and (p.place <@ any ((select actor_places())::ltree[])
             or p.parties && (select actor_units()))))
  order by s.at, s.event_id limit _most $$;

revoke all on function record_steps, cases_at, steps_between from public;
grant execute on function cases_at, steps_between to yiwang_service, yiwang_worker;
alter table case_steps enable row level security;
create policy worker on case_steps to yiwang_worker using (true);
create policy seen on case_steps for select to yiwang_service
  using ((select actor_places()) @> place or parties && (select actor_units()));
grant select on case_steps to yiwang_service, yiwang_worker;
