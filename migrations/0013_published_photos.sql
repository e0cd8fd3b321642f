-- The photos everybody may see: published variants only, of cases that were filed and are real, not
-- of withdrawn reports, and not of kinds published without a position, for a picture tells a place.
-- Whether the city publishes photos at all is its setting `photos.public`, asked by the service.
create view published_photos with (security_barrier) as
select p.id, p.case_id, p.role, p.taken_at
from (
  select id, case_id, role, taken_at, report_id from attachments
  where state = 'published' and case_id is not null
  union all
  select a.id, r.case_id, a.role, a.taken_at, a.report_id
  from attachments a join reports r on r.id = a.report_id
  where a.state = 'published' and a.case_id is null and r.case_id is not null
) p
join cases c on c.id = p.case_id
where c.filed_at is not null and c.state <> 'cancelled'
  and not c.kind like any ((select published_without_position())::text[])
  and not exists (select 1 from reports r where r.id = p.report_id and r.state = 'withdrawn');
revoke all on published_photos from public;
grant select on published_photos to yiwang_service, yiwang_worker;
