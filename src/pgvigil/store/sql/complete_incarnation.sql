UPDATE incarnations
SET version_num = $version_num,
    system_identifier = coalesce(system_identifier, $system_identifier),
    timeline = coalesce(timeline, $timeline)
WHERE target = $target AND incarnation = $incarnation
