-- What a unit needs for its first contact: who reported it, and the photos that came with it. The
-- reports themselves stay closed to units: they may hold more than the matter at hand.

-- The reports behind an order with whoever sent them, the oldest first: for the unit that has the
-- order in hand, and no longer than that. Whoever asked not to be named is not.
create function reporters_of(_order bigint, _most integer)
returns table (
  report_id bigint, source text, received_at timestamptz, name text, phone text, email text,
  confidential boolean
)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, r.source, r.received_at,
         case when r.hidden then '' else coalesce(p.name, '') end,
         case when r.hidden then '' else coalesce(p.phone, '') end,
         case when r.hidden then '' else coalesce(p.email, '') end,
         r.hidden and p.report_id is not null
  from orders o
  join lateral (
    select id, source, received_at,
           coalesce(attributes -> 'reporter_confidential' = 'true', false) as hidden
    from reports where case_id = o.case_id and state <> 'withdrawn' order by id limit _most
  ) r on true
  left join reporters p on p.report_id = r.id
  where o.id = _order and actor_sees_persons()
    and o.state in ('issued', 'accepted', 'suspended')
    and o.unit = any (actor_units())
  order by r.id
$$;
revoke all on function reporters_of from public;
grant execute on function reporters_of to yiwang_service;

-- The case a report became, and the reports of a case: numbers only.
create function case_of_report(_report bigint) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select case_id from reports where id = _report and state <> 'withdrawn'
$$;
create function reports_of_case(_case bigint) returns setof bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select id from reports where case_id = _case and state <> 'withdrawn' and actor_name() is not null
$$;
revoke all on function case_of_report, reports_of_case from public;
grant execute on function case_of_report, reports_of_case to yiwang_service, yiwang_worker;

-- Whoever sees a case sees what was photographed when it was reported.
alter policy seen on attachments using (
  (select actor_places()) @> place
  or exists (select 1 from cases c where c.id = attachments.case_id)
  or exists (select 1 from reports r where r.id = attachments.report_id)
  or exists (select 1 from cases c where c.id = case_of_report(attachments.report_id))
);
