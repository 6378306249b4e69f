DELETE FROM readings WHERE target = $target AND no <= $no
