"""The shape of `clickjoin.toml`. Pure.

`values`: durations, money, secrets. `servers`, `traffic`, `postbacks`: the sections.
`file`: the whole. `problems`: rules over more than one section. `errors`: how a mistake is told.
"""
