SELECT DISTINCT target FROM readings
