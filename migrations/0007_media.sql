-- Photos before they are published: a photo is a matter of its own, with variants beside it.
alter table attachments
  add column version integer not null default 1,
  add column state text not null default 'kept',       -- kept, published, withheld
  add column regions jsonb not null default '[]',      -- what was blurred, and what found it
  add column published jsonb,                          -- where the published files lie
  add column published_at timestamptz,
  add column reason text,                              -- why it is withheld
  add column attempts integer not null default 0,      -- to look it through
  add column held_until timestamptz;                   -- a worker looks it through until then
create index attachments_kept on attachments (id) where state = 'kept';
