AND (id_day IN {read_days:Array(Date)} OR NOT holds)
