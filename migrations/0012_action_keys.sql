-- What was answered to an action that came with a key: the same key again is the same action, sent
-- again by somebody who never got the answer.
create table action_keys (
  actor  text not null,
  key    text not null,
  digest bytea not null,
  at     timestamptz not null,
  answer bytea,
  etag   text,
  primary key (actor, key)
);
create index on action_keys (actor, at);

alter table action_keys enable row level security;
create policy own on action_keys to yiwang_service using (actor = (select actor_name()));
grant select, insert, update, delete on action_keys to yiwang_service;
