-- Always a row of one's own: one that stands there already may be deleted by a roll-up that does not see this pass.
INSERT INTO reopened VALUES ($series, make_timestamp($hour))
