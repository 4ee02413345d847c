ORDER BY found[0].1 DESC, ${GROUPS} tuple()
LIMIT {most:UInt32} OFFSET {skip:UInt32}
