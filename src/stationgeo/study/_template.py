"""The study file that `stationgeo init` writes: complete, commented, ready to edit."""

from __future__ import annotations

__all__ = ["TEMPLATE"]

TEMPLATE = """\
# A stationgeo study. Run it with:   stationgeo run study.toml --out out/
# Check the files without computing: stationgeo check study.toml
# Paths are relative to this file. Unknown keys are errors.

name = "My district"
tz = "Asia/Shanghai"      # local time: demand is counted by hour of the week
resolution = 10           # H3 resolution; 10 has cells of 1-2 ha, about 130 m apart
# weight = "courier_s"    # which demand counts: courier_s (rest seconds), visits, courier_weight
# as_of = 2026-11-20      # day that the stations are of; by default the last one with demand
overlaps = "first"        # where zones overlap: "first" in the file keeps the area, "smallest", or "error"

# Demand: couriers' tracks ...
[fixes]
path = "fixes/*.parquet"  # a file, a folder or a pattern; CSV or Parquet
datum = "GCJ-02"          # WGS-84 (GPS, OSM), GCJ-02 (AMap, Tencent), BD-09 (Baidu). Wrong by 300-1,400 m if wrong
# tz = "Asia/Shanghai"    # of times without an offset; the study's by default
# year = 2026             # of times that carry none
# time_unit = "ms"        # of times that are numbers
# columns = { courier_id = "rider", t = "gps_time", lon = "lng" }   # table column = file column
# where = { city = "Shenzhen" }      # keep only these rows
# bad_rows = "drop"       # drop and count rows that cannot be used, instead of stopping
# personal = "drop"       # leave columns of persons (names, phones, ...) unread, instead of stopping
# courier_key_env = "COURIER_KEY"    # hash courier ids with the key in this environment variable
# synthetic = true        # the couriers were made up: nothing needs to be suppressed

[stops]                   # a stop: within this radius, at least this long, no gap longer than this
radius_m = 100
min_duration_s = 300
max_gap_s = 900
# detected_gap_s = 60     # of a stop, time between fixes further apart is assumed, not seen
# compatible = "trackintel"   # stops as that library's sliding method finds them

# [stops.cleaning]        # rules that take fixes out, each counted; every rule is off unless it is given
# max_speed_m_s = 33      # spikes go; lasting moves stay, but no stop goes across
# max_accuracy_m = 100    # needs a column accuracy_m
# not_before = 2026-01-01T00:00:00+08:00   # earlier times are of a wrong clock

# [stops.purpose]         # count only rests, by a rule whose numbers are assumptions; without it every stop counts
# count = ["rest", "at_station"]
# rest_min_s = 600        # shorter stops are unknown
# longest_stay_s = 10800  # so are longer ones, but for homes and depots

# [orders]                # tell stops for work from rests: pick-ups and drop-offs of the same couriers
# path = "orders.csv"
# datum = "GCJ-02"
# kinds = { "取货" = "pick_up", "送达" = "drop_off" }

# [known_places]          # so do depots
# path = "depots.csv"
# datum = "GCJ-02"
# default_purpose = "depot"

# ... or demand that `stationgeo index` has kept day by day; [fixes] and [stops] then say how it indexes
# [store]
# path = "demand"
# since = 2026-11-01
# until = 2026-11-30

# [demand]                # which demand of couriers counts, and for how much
# day_types = ["working day"]       # of "working day", "weekend", "holiday"
# calendar = "CN"         # knows holidays, and weekends worked instead
# expansion = { rider = 12.5 }      # workers that a courier of a group stands for

[privacy]                 # results speak of at least so many couriers at a time
k = 10
# most_share = 0.5        # of which none has more than this share
# coarsest_resolution = 7 # cells are pooled up to this before anything is dropped

# ... and/or events: orders, check-ins, counts on squares.
# [events]
# path = "orders.csv"
# datum = "GCJ-02"
# columns = { weight = "orders" }
# square_m = 500          # if they were counted on squares: they are spread over them by area

# Zones, one table per level: grid, community, street, district, city. Leave all out for one unit.
[[zones]]
level = "grid"
path = "grids.shp"
datum = "WGS-84"          # CGCS2000 counts as WGS-84
# crs = "EPSG:4547"       # of a file without .prj
columns = { zone_id = "grid_code", parent_id = "community_code", name = "grid_name" }

[[zones]]
level = "community"
path = "communities.shp"
datum = "WGS-84"
columns = { zone_id = "community_code", name = "community_name" }

# Existing stations. Leave the table out for a greenfield study.
[stations]
path = "stations.csv"     # CSV, Excel, Shapefile, GeoPackage, GeoJSON
datum = "BD-09"
columns = { station_id = "id", lon = "lng" }
default_kind = "warm_bee" # where the file names no kind
# kinds = { "暖蜂驿站" = "warm_bee", "党群服务中心" = "service_centre" }

# [overlays]              # zones that cross the tree: development zones, ports
# path = "ports.geojson"
# datum = "WGS-84"

# [buildings]             # the share of them in reach is told; [routes]: of corridors
# path = "buildings.geojson"
# datum = "WGS-84"

# [uncertainty]           # how sure the rates are: couriers and days drawn anew
# replicates = 200

# [sensitivity]           # the headline under other assumptions, one at a time
# cutoffs = [300, 700]
# resolutions = [9, 11]

# [stations.access]       # doors and gates at which they are met over streets
# path = "doors.csv"
# datum = "GCJ-02"

# [services]              # what stations offer: 有/无/未知 by rows, or a column for each service; blank is unknown
# path = "services.csv"

# [hours]
# calendar = "CN"         # whose holidays, and weekends worked instead

# [standard]              # who counts as served; settles the keys of [reach] below, which are left out then
# name = "idle_rider_straight"         # or path = "mine.toml"; stationgeo.coverage.standards() lists them

[reach]                   # by straight lines ...
cutoff_m = 500            # largest way that counts as served, inclusive
detour_factor = 1.3       # way on streets by straight line

# ... or in time over streets: then instead of the two keys above
# mode = "ebike"          # walk, ebike, bicycle, van, truck
# cutoff_s = 300          # longest time that counts as served, inclusive
# direction = "to_station"             # or "from_station"
# speeds_km_h = { residential = 12 }   # instead of the mode's
# closed = ["trunk"]      # classes of streets that nobody takes
# bands_s = [60, 120, 180, 300]        # isochrones.geojson
# track_speeds = { hour = 18 }         # as fast as couriers were seen to ride
# and
# [network]
# path = "city.osm.pbf"   # OSM file, table of edges (then with datum), GraphML, or a folder of Network.save
# place = "Nanshan District, Shenzhen" # or asked of an Overpass server, and kept in a folder

# [equity]                # how unevenly coverage is spread
# level = "community"     # of the units that are held against each other
# by = ["street", "shift"]
# shifts = { day = [6, 22], night = [22, 6] }

# [targets]               # what rules and plans ask for
# names = ["zhejiang_2024"]
# [targets.workers]       # for stations per 10,000 workers
# path = "workers.csv"
# denominator = "registered couriers"
# least = 100
# [blanks]                # what a blank spot is: they are always told
# min_demand = 5          # courier-hours of rest a week, or visits, that are not covered; 0.1% of all by default
# rings = 2               # cells so near to each other are one patch
# [criticality]           # what is lost if a station closes
# group_by = "host"       # or all stations of one host
# [partial]               # coverage that is more than yes or no
# decay = { name = "linear", full_to = 150 }   # worth all up to here, nothing at the cutoff
# backup = 2              # so many stations in reach
# [supply]                # seats against workers, and how full stations have to expect to be
# method = "KD2SFCA"      # or 2SFCA, E2SFCA, 3SFCA, BFCA, raam
# default_capacity = 4    # of stations that state none
# tries = 2               # stations that a worker tries
# decay = { name = "gaussian", cutoff = 500 }   # what a station is worth at a way

# [check_ins]             # visits that were counted, to hold those loads against
# path = "visits.csv"     # station_id, visits, t or bin

# [on_route]              # who passes a station on the ways between stops
# budget_s = 60
# [what_if]               # a change, and what it does to coverage
# close = ["S0001"]
# stations = { path = "new.csv", datum = "GCJ-02" }
# blocked = { path = "works.geojson", datum = "WGS-84" }

# New sites. Leave both tables out for coverage alone.
[candidates]
from_cells = true         # centres of cells with uncovered demand; or:
# path = "hosts.csv"
# datum = "GCJ-02"
# default_kind = "warm_bee"

[siting]
n_stations = 10
time_limit_s = 60         # then the best plan so far, with its bound
gap = 0.0                 # 0 asks for the proven optimum

# Street lines, and water, hills or parks, to draw behind the map.
# [streets]
# path = "streets.geojson"
# datum = "WGS-84"
# [background]
# path = "water.geojson"
# datum = "WGS-84"

[map]
language = "both"         # zh, en, both
# title = "My district"
# attribution = "© OpenStreetMap contributors"

# [engine]                # where, and in how much memory, fixes are worked through
# name = "spark"          # "local" threads by default
# batch_rows = 1000000
"""
