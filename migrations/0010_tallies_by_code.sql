-- Tallies are looked up by their place's code, a text: behind row-level security only an operator
-- that is known to tell nothing of what it compares reaches an index, and equality of paths is not.
alter table tallies
  add column code text not null generated always as (ltree2text(subpath(place, -1, 1))) stored;
create unique index tallies_code on tallies (code, grain, since);

create or replace view published_tallies with (security_barrier) as
select place, grain, since, counts, code from tallies where nlevel(place) <= 3 and grain <> 'hour';

-- The rules of publishing are asked once per query and not joined, so that a page of cases is read
-- in the order of an index.
create function published_metres() returns double precision language sql stable as $$
  select coalesce((published_setting('publication.position_m') #>> '{}')::float8, 50)
$$;
create function published_without_position() returns text[] language sql stable as $$
  select array(select replace(jsonb_array_elements_text(
    coalesce(published_setting('publication.without_position'), '[]'::jsonb)), '*', '%'))
$$;
revoke all on function published_metres, published_without_position from public;
grant execute on function published_metres, published_without_position
  to yiwang_service, yiwang_worker;

-- It leaves out columns, never rows: there is nothing a barrier could keep, and it would keep the
-- order of an index from whoever asks for a page.
alter view published_cases reset (security_barrier);
create or replace view published_cases as
select id, number, state, kind, lead, source, synthetic, urgent, reported_at, filed_at,
       dispatched_at, handled_at, closed_at, place, due, report_count, rounds, reopened,
       passed_check, forced, on_the_spot,
       case when target is null then null
            else (select m.number from cases m where m.id = target) end as merged_into, lat,
       case when lat is null then null
            else round(exact_lon / (metres / (111320.0 * cos(radians(lat)))))
                 * (metres / (111320.0 * cos(radians(lat)))) end as lon
from (
  select c.id, c.number, c.state, c.kind, c.lead, c.source, c.synthetic, c.urgent,
         c.reported_at, c.filed_at, c.dispatched_at, c.handled_at, c.closed_at,
         case when nlevel(c.place) > 3 then subpath(c.place, 0, 3) else c.place end as place,
         case when c.state = 'dispatched' then coalesce(c.due_handle, c.due_total)
              else coalesce(c.due_total, c.due_handle) end as due, c.report_count, c.rounds,
         c.reopened, c.passed_check, c.forced, c.on_the_spot, c.merged_into as target,
         c.lon as exact_lon, (select published_metres()) as metres,
         case when c.kind like any ((select published_without_position())::text[]) then null
              else round(c.lat / ((select published_metres()) / 111320.0))
                   * ((select published_metres()) / 111320.0) end as lat
  from cases c
) snapped;
