-- What a provider holds against the app of a profile, as JSON; none while it takes it.
ALTER TABLE profiles ADD COLUMN alarm TEXT;
