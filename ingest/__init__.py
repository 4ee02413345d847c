"""HTTP in, Kafka out: clicks and postbacks are recorded before they are answered.

`parameters`, `amounts`, `moments`, `clicks`, `postbacks`, `auth`, `raw`: pure, from a request to a record or a refusal.
`plans`: the configuration, prepared for the above. `store`: where a record is safe before its request is answered.
`publisher`: records to the broker, with its acknowledgement. `spool`, `spool_file`, `drain`: while it is away.
`app`: the calls. `server`: Granian in this process. `__main__`: builds it all.
"""
