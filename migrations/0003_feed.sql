-- Finding, exporting and passing on: search, jobs of keys, webhooks that survive their worker.

-- Whether one path holds another tells nothing but that, whatever the values; said to be so,
-- place filters reach indexes and statistics from behind row-level security. Only a superuser may
-- say it; without it, filters by place work as well and are slower.
do $$
begin
  alter function ltree_isparent(ltree, ltree) leakproof;
  alter function ltree_risparent(ltree, ltree) leakproof;
exception when insufficient_privilege then
  raise notice 'not a superuser: filters by place do not use the index of places';
end $$;

-- Cases that fit a text, as far as the asking actor may see them: ids, `most` of them.
--
-- A case number fits alone. Otherwise the words fit in their order: where the text has three
-- characters in a row and is rare (at most 1 in 250 of the newest 500), among all cases ever, by
-- trigrams; for Chinese that needs a database whose LC_CTYPE is C.UTF-8 or another of Unicode, not
-- C. Else among the newest 3 000 cases of the city and, for an actor below the whole city, 5 000
-- open cases of the actor's places and 5 000 with open orders of its units. A word of two characters
-- has no trigram, and a frequent word fits often enough among these: neither looks through closed
-- cases of old. So no search costs more as the city's past grows, except for rare texts by the few
-- rows they fit.
create function search_cases(wanted text, most integer) returns setof bigint
language plpgsql stable security definer rows 100
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  places ltree[] := actor_places();
  units text[] := actor_units();
  words text := btrim(wanted);
  pattern text;
  fits bigint[] := '{}';
  more bigint[];
  looked integer;
  hits integer;
begin
  if actor_name() is null or words = '' then
    return;
  end if;
  return query select c.id from cases c
    where c.number = words and (places @> c.place or c.parties && units);
  if found then
    return;
  end if;
  pattern := '%' || regexp_replace(regexp_replace(words, '([\\%_])', '\\\1', 'g'), '\s+', '%', 'g')
    || '%';

  select count(*), count(*) filter (where fit),
         (array_agg(id order by reported_at desc) filter (where fit and seen))[:most]
    into looked, hits, more
  from (
    select id, reported_at, title || ' ' || text ilike pattern as fit,
           places @> place or parties && units as seen
    from cases order by reported_at desc, id desc limit 500
  ) newest;
  fits := coalesce(more, '{}');
  if cardinality(fits) >= most then
    return query select unnest(fits);
    return;
  end if;

  -- Without three letters or digits in a row (n of them give n + 1 trigrams), or where the
  -- database's locale knows no such letters, the index would give back everything.
  if hits * 250 <= looked and exists (
    select 1 from regexp_split_to_table(words, '[^[:alnum:]]+') w where cardinality(show_trgm(w)) > 3
  )
  then
    -- Found first and sorted after: else the planner walks through all cases in their order.
    with fit as materialized (
      select id, reported_at, place, parties from cases where title || ' ' || text ilike pattern
    )
    select array_agg(id) into more from (
      select id from fit where places @> place or parties && units
      order by reported_at desc limit most
    ) x;
    fits := fits || coalesce(more, '{}');
  else
    select array_agg(id) into more from (
      select id from (
        select id, reported_at, title, text, place, parties
        from cases order by reported_at desc, id desc limit 3000
      ) newest
      where title || ' ' || text ilike pattern and (places @> place or parties && units)
      order by reported_at desc limit most
    ) x;
    fits := fits || coalesce(more, '{}');
    if not exists (select 1 from unnest(places) p where nlevel(p) < 2) then
      select array_agg(id) into more from (
        select id from (
          (select id, reported_at, title, text from cases
           where state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended')
             and place <@ any (places)
           limit 5000)
          union
          (select c.id, c.reported_at, c.title, c.text
           from orders o join cases c on c.id = o.case_id
           where o.state in ('issued', 'accepted', 'suspended', 'returned', 'disputed')
             and o.unit = any (units) and (places @> c.place or c.parties && units)
           limit 5000)
        ) near
        where title || ' ' || text ilike pattern
        order by reported_at desc limit most
      ) x;
      fits := fits || coalesce(more, '{}');
    end if;
  end if;

  return query select distinct f from unnest(fits) f limit most;
end $$;
revoke all on function search_cases from public;
grant execute on function search_cases to yiwang_service, yiwang_worker;

-- The work lists of a whole centre by running clock, and every order of a unit.
create index orders_open_due on orders (due_handle, id)
  where state in ('issued', 'accepted', 'suspended', 'returned', 'disputed');
create index checks_open_due on checks (due_at, id) where state = 'arranged';
create index orders_of_unit on orders (unit, id);

-- A system's key has no person; its jobs are its own by its name.
create policy own_key on jobs to yiwang_service using (actor = (select actor_name()));
create index jobs_open on jobs (sort, done, id) where state in ('waiting', 'running');
create index jobs_person on jobs (person_id, id);

-- An export is read by the worker behind the same wall as by whoever asked for it: it takes the
-- service's role and the asker's scope for the reading.
grant yiwang_service to yiwang_worker;

alter table webhooks
  add column failing_since timestamptz,           -- of the present row of failures
  add column delivered_at timestamptz,
  add column delivered bigint not null default 0,  -- events taken by the receiver
  add column holder text,                          -- the worker that delivers now
  add column held_until timestamptz,               -- another one takes over after this
  add column ended_at timestamptz,
  add column end_reason text;                      -- "removed", "failing", "gone"
