"""The promises, measured: `python -m bench [--quick]` prints one table and ends with 1 for a miss nobody explained.

`plan` how long everything takes · `table` the rows and their verdicts · `figures` medians and intervals ·
`section` runs one group of rows in a process of its own · `cpu`, `monitor`, `load`, `reader` what is measured, and by
what · one module per promise or group of promises: `reference`, `tps`, `month`, `counts`, `catalog`, `targets`, `peer`.
"""
