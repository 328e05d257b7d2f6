-- Where a browser that has signed in at a provider is sent, for the operator's product to say who it is.
ALTER TABLE connect_sessions ADD COLUMN confirm_url TEXT;
