SELECT target, probe, max(epoch), arg_max(pass_no, (epoch, pass_no)) FROM marks GROUP BY ALL
