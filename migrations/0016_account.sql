-- What a person chooses of their account: the theme (null: as the browser has it), and a second
-- factor that is being set up. `wanted_totp` takes the place of `totp_secret` with its first code.
alter table persons add theme text check (theme in ('system', 'light', 'dark', 'sun'));
alter table credentials add wanted_totp bytea, add wanted_at timestamptz;
