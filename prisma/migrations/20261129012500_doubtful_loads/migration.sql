-- A policy from before `load-doubtful` was a verdict of its own could not let it pass: it blocks.
UPDATE "Policy" SET "settings" = jsonb_set("settings", '{blocking}',
  ("settings" -> 'blocking') - 'load-unknown' || '["load-doubtful"]'::jsonb
    || CASE WHEN ("settings" -> 'blocking') ? 'load-unknown' THEN '["load-unknown"]'::jsonb ELSE '[]'::jsonb END);
