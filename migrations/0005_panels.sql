-- Tallies: what happened at each place in each hour, day and month, folded from the record; the
-- layouts of screens; and what the city publishes, behind views that show nothing else.

-- `counts` holds a number for each measure ("opened", "kind:<key>", "time.handle:41", ...). The
-- fold has one writer at a time and may be told anew from the record (`yiwang tallies rebuild`).
create table tallies (
  place  ltree not null,
  grain  text not null check (grain in ('hour', 'day', 'month')),
  since  timestamptz not null,             -- when the hour, day or month of the city begins
  counts jsonb not null,
  primary key (place, grain, since)
);
create index tallies_hours on tallies (since) where grain = 'hour';  -- old hours are forgotten

-- The open cases whose running clock has run out, as far as the record is folded.
create table tally_overruns (
  case_id bigint primary key,
  place   ltree not null
);

-- The systems that report, and when each was last heard.
create table tally_senders (
  system   text primary key,
  source   text not null,
  first_at timestamptz not null,
  last_at  timestamptz not null,
  reports  bigint not null
);

-- How a centre arranged a screen; where it did not, the pack's layout holds.
create table screen_layouts (
  place  ltree not null,
  mode   text not null,
  panels jsonb not null,
  by     text not null,
  at     timestamptz not null,
  primary key (place, mode)
);

do $$
declare name text;
begin
  foreach name in array array['tallies', 'tally_overruns', 'tally_senders', 'screen_layouts'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy worker on %I to yiwang_worker using (true) with check (true)', name);
  end loop;
end $$;
create policy seen on tallies for select to yiwang_service
  using ((select actor_places()) @> place);
create policy seen on tally_senders for select to yiwang_service
  using (cardinality((select actor_places())) > 0);
-- One looks at one's own screens and at those of the centres above; one arranges one's own.
create policy seen on screen_layouts for select to yiwang_service
  using ((select actor_places()) @> place or place @> (select actor_places()));
create policy arranged on screen_layouts for insert to yiwang_service
  with check ((select actor_places()) @> place);
create policy rearranged on screen_layouts for update to yiwang_service
  using ((select actor_places()) @> place) with check ((select actor_places()) @> place);
create policy reset on screen_layouts for delete to yiwang_service
  using ((select actor_places()) @> place);
grant select on tallies, tally_senders to yiwang_service;
grant select, insert, update, delete on screen_layouts to yiwang_service;
grant select, insert, update, delete on tallies, tally_overruns, tally_senders, screen_layouts
  to yiwang_worker;

-- A past moment's events: a few pages for each hour, whatever the record has grown to.
create index events_moment on events using brin (at) with (pages_per_range = 16);

-- What the public sees of cases. A view runs with its owner's rights, so nobody needs any on the
-- table, and it has no column that could tell who reported, what they wrote or exactly where.
create index pack_settings on pack_items ((body ->> 'key')) where sort = 'settings';
create function published_setting(wanted text) returns jsonb
language sql stable as $$
  select body -> 'value' from pack_items
  where sort = 'settings' and body ->> 'key' = wanted and body ->> 'valid_from' is null
  order by key limit 1
$$;
revoke all on function published_setting from public;
grant execute on function published_setting to yiwang_service, yiwang_worker;

create view published_cases with (security_barrier) as
with rules as materialized (
  select coalesce((published_setting('publication.position_m') #>> '{}')::float8, 50) as metres,
         array(select replace(jsonb_array_elements_text(
           coalesce(published_setting('publication.without_position'), '[]'::jsonb)), '*', '%'))
           as hidden
), snapped as (
  select c.id, c.number, c.state, c.kind, c.lead, c.source, c.synthetic, c.urgent,
         c.reported_at, c.filed_at, c.dispatched_at, c.handled_at, c.closed_at,
         case when nlevel(c.place) > 3 then subpath(c.place, 0, 3) else c.place end as place,
         case when c.state = 'dispatched' then coalesce(c.due_handle, c.due_total)
              else coalesce(c.due_total, c.due_handle) end as due, c.report_count, c.rounds, c.reopened,
         c.passed_check, c.forced, c.on_the_spot,
         (select m.number from cases m where m.id = c.merged_into) as merged_into,
         r.metres, c.lon as exact_lon,
         case when c.kind like any (r.hidden) then null
              else round(c.lat / (r.metres / 111320.0)) * (r.metres / 111320.0) end as lat
  from cases c, rules r
)
select id, number, state, kind, lead, source, synthetic, urgent, reported_at, filed_at,
       dispatched_at, handled_at, closed_at, place, due, report_count, rounds, reopened,
       passed_check, forced, on_the_spot, merged_into, lat,
       case when lat is null then null
            else round(exact_lon / (metres / (111320.0 * cos(radians(lat)))))
                 * (metres / (111320.0 * cos(radians(lat)))) end as lon
from snapped;
revoke all on published_cases from public;
grant select on published_cases to yiwang_service, yiwang_worker;

-- The tallies of a city, its districts and towns are published; what lies below is not.
create view published_tallies with (security_barrier) as
select place, grain, since, counts from tallies where nlevel(place) <= 3 and grain <> 'hour';
revoke all on published_tallies from public;
grant select on published_tallies to yiwang_service, yiwang_worker;
