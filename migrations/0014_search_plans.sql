-- What is planned costs more than what is found: the planner compared the words wanted with every
-- value it had kept of the column, at each search, and planned each step of it anew.
alter table case_words alter column words set statistics 0;
analyze case_words;

-- Cases that fit a text, as far as the asking actor may see them: ids, `most` of them.
--
-- A case number fits alone. Otherwise the words fit in their order, in title, text and address:
-- where the text has three characters in a row and is rare (at most 1 of the newest 250),
-- among all cases ever, by trigrams; for Chinese that needs a database whose LC_CTYPE is C.UTF-8 or
-- another of Unicode, not C. Else among the newest 3 000 cases of the city and, for an actor below
-- the whole city, 5 000 open cases of the actor's places and 5 000 with open orders of its units. A
-- word of two characters has no trigram, and a frequent word fits often enough among these: neither
-- looks through closed cases of old. So no search costs more as the city's past grows, except for
-- rare texts by the few rows they fit.
create or replace function search_cases(wanted text, most integer) returns setof bigint
language plpgsql stable security definer rows 100
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  places ltree[] := actor_places();
  units text[] := actor_units();
  wanted_words text := btrim(wanted);
  pattern text;
  fits bigint[];
  more bigint[];
  looked integer;
  hits bigint[];
begin
  if actor_name() is null or wanted_words = '' then
    return;
  end if;
  return query select c.id from cases c
    where c.number = wanted_words and (places @> c.place or c.parties && units);
  if found then
    return;
  end if;
  pattern := '%' || regexp_replace(regexp_replace(wanted_words, '([\\%_])', '\\\1', 'g'),
                                   '\s+', '%', 'g') || '%';

  select count(*), coalesce(array_agg(case_id) filter (where words ilike pattern), '{}')
    into looked, hits
  from (select * from case_words order by reported_at desc, case_id desc limit 250) newest;
  select coalesce(array_agg(id), '{}') into fits from (
    select id from unnest(hits) h join cases on id = h where places @> place or parties && units
    order by reported_at desc limit most
  ) x;
  if cardinality(fits) >= most then
    return query select unnest(fits);
    return;
  end if;

  -- Without three letters or digits in a row (n of them give n + 1 trigrams), or where the
  -- database's locale knows no such letters, the index would give back everything.
  if cardinality(hits) * 250 <= looked and exists (
    select 1 from regexp_split_to_table(wanted_words, '[^[:alnum:]]+') w
    where cardinality(show_trgm(w)) > 3
  )
  then
    -- Found first and sorted after: else the planner walks through all cases in their order.
    with fit as materialized (select case_id from case_words where words ilike pattern)
    select array_agg(id) into more from (
      select id from fit join cases on id = case_id where places @> place or parties && units
      order by cases.reported_at desc limit most
    ) x;
    fits := fits || coalesce(more, '{}');
  else
    select array_agg(id) into more from (
      select id from (
        select * from case_words order by reported_at desc, case_id desc limit 3000
      ) newest join cases on id = case_id
      where words ilike pattern and (places @> place or parties && units)
      order by cases.reported_at desc limit most
    ) x;
    fits := fits || coalesce(more, '{}');
    if not exists (select 1 from unnest(places) p where nlevel(p) < 2) then
      select array_agg(id) into more from (
        select id from (
          (select id, reported_at from cases
           where state in ('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended')
             and place <@ any (places)
           limit 5000)
          union
          (select c.id, c.reported_at
           from orders o join cases c on c.id = o.case_id
           where o.state in ('issued', 'accepted', 'suspended', 'returned', 'disputed')
             and o.unit = any (units) and (places @> c.place or c.parties && units)
           limit 5000)
        ) near join case_words on case_id = id
        where words ilike pattern
        order by near.reported_at desc limit most
      ) x;
      fits := fits || coalesce(more, '{}');
    end if;
  end if;

  return query select distinct f from unnest(fits) f limit most;
end $$;
