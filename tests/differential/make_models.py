"""More headers of models and archives: climate models with their own habits of time, unstructured and tiled grids, profiles,
reanalyses, geostationary and gridded satellite products. Called by make_inputs.py behind make_archives.py.
"""
import h5py
import numpy as np

import make_archives as archive
from make_archives import characters, create, dims, floats, put


def climate_models():
    with create("cesm.nc") as ds:  # time is the end of its month, its bounds have no units
        dims(ds, time=None, lev=2, ilev=3, lat=3, lon=4, slat=2, nbnd=2, chars=8)
        put(ds, "lev", "f8", ("lev",), [500.0, 900], long_name="hybrid level at midpoints (1000*(A+B))", units="hPa", positive="down",
            standard_name="atmosphere_hybrid_sigma_pressure_coordinate", formula_terms="a: hyam b: hybm p0: P0 ps: PS")
        put(ds, "hyam", "f8", ("lev",), [0.1, 0.0])
        put(ds, "hybm", "f8", ("lev",), [0.4, 0.9])
        put(ds, "P0", "f8", (), 100000.0, units="Pa")
        put(ds, "lat", "f8", ("lat",), [-45.0, 0, 45], units="degrees_north")
        put(ds, "lon", "f8", ("lon",), np.arange(4) * 90.0, units="degrees_east")
        put(ds, "gw", "f8", ("lat",), floats(3))
        put(ds, "time", "f8", ("time",), [31.0, 59, 90], units="days since 0001-01-01 00:00:00", calendar="noleap", bounds="time_bnds")
        put(ds, "time_bnds", "f8", ("time", "nbnd"), [[0.0, 31], [31, 59], [59, 90]], long_name="time interval endpoints")
        put(ds, "date", "i4", ("time",), [10201, 10301, 10401], long_name="current date (YYYYMMDD)")
        put(ds, "date_written", "S1", ("time", "chars"), characters(["01/02/20"] * 3, 8))
        put(ds, "ndbase", "i4", (), 0)
        put(ds, "nsteph", "i4", ("time",), [1488, 2832, 4320])
        put(ds, "PS", "f4", ("time", "lat", "lon"), floats(3, 3, 4), units="Pa", cell_methods="time: mean")
        put(ds, "T", "f4", ("time", "lev", "lat", "lon"), floats(3, 2, 3, 4), mdims=np.int32(1), units="K", cell_methods="time: mean")
    with create("icon.nc") as ds:
        dims(ds, ncells=12, vertices=3, height=2, time=None, bnds=2)
        for name, bounds in (("clon", "clon_bnds"), ("clat", "clat_bnds")):
            put(ds, name, "f8", ("ncells",), floats(12), units="radian", bounds=bounds, standard_name="longitude")
            put(ds, bounds, "f8", ("ncells", "vertices"), floats(12, 3))
        put(ds, "height", "f8", ("height",), [1.5, 2.5], bounds="height_bnds", standard_name="height", axis="Z")
        put(ds, "height_bnds", "f8", ("height", "bnds"), [[1.0, 2], [2, 3]])
        put(ds, "time", "f8", ("time",), [20200101.0, 20200101.25], units="days since 2020-01-01 00:00:00", calendar="proleptic_gregorian", axis="T")
        ds["time"][:] = [0.0, 0.25]
        put(ds, "ta", "f4", ("time", "height", "ncells"), floats(2, 2, 12), CDI_grid_type="unstructured", number_of_grid_in_reference=np.int32(1),
            coordinates="clat clon", units="K")
    with create("mpas.nc", "NETCDF3_64BIT_DATA") as ds:
        dims(ds, Time=None, nCells=10, StrLen=64, nVertLevels=2, maxEdges=6)
        put(ds, "xtime", "S1", ("Time", "StrLen"), characters(["2020-01-01_00:00:00", "2020-01-01_06:00:00"], 64))
        put(ds, "latCell", "f8", ("nCells",), floats(10))
        put(ds, "cellsOnCell", "i4", ("nCells", "maxEdges"), np.arange(60).reshape(10, 6))
        put(ds, "theta", "f4", ("Time", "nCells", "nVertLevels"), floats(2, 10, 2))
    with create("ecco.nc") as ds:
        dims(ds, tile=13, j=2, i=2, k=2, time=1, nv=2, nb=4)
        for name, size in (("tile", 13), ("j", 2), ("i", 2), ("k", 2)):
            put(ds, name, "i4", (name,), np.arange(size), axis=name.upper(), swap_dim="XC")
        put(ds, "time", "i4", ("time",), [175428], units="hours since 1992-01-01T12:00:00", calendar="proleptic_gregorian", bounds="time_bnds",
            coverage_content_type="coordinate")
        put(ds, "time_bnds", "i4", ("time", "nv"), [[175068, 175788]])
        for name in ("XC", "YC"):
            put(ds, name, "f4", ("tile", "j", "i"), floats(13, 2, 2), bounds=name + "_bnds", coordinate="YC XC")
            put(ds, name + "_bnds", "f4", ("tile", "j", "i", "nb"), floats(13, 2, 2, 4))
        put(ds, "Z", "f4", ("k",), [-5.0, -15], positive="up", bounds="Z_bnds")
        put(ds, "Z_bnds", "f4", ("k", "nv"), [[0.0, -10], [-10, -20]])
        put(ds, "THETA", "f4", ("time", "k", "tile", "j", "i"), floats(1, 2, 13, 2, 2), np.float32(9.96921e36), True,
            coordinates="Z YC XC time", valid_min=np.float32(-2.3))
    with create("fesom.nc") as ds:
        dims(ds, time=None, nod2=9, nz1=2, elem=4, n3=3)
        put(ds, "time", "f8", ("time",), [43200.0, 129600], units="seconds since 1850-01-01 0:0:0", calendar="standard", axis="T")
        put(ds, "elements", "i4", ("n3", "elem"), np.arange(12).reshape(3, 4))
        put(ds, "temp", "f4", ("time", "nz1", "nod2"), floats(2, 2, 9), description="temperature", location="node", mesh="fesom_mesh")


def reanalyses_and_gridded():
    with create("merra2.nc4") as ds:
        dims(ds, lon=4, lat=3, time=None)
        put(ds, "lon", "f8", ("lon",), [-180.0, -90, 0, 90], units="degrees_east", vmax=np.float32(1e15))
        put(ds, "lat", "f8", ("lat",), [-90.0, 0, 90], units="degrees_north")
        put(ds, "time", "i4", ("time",), [0, 60, 120], units="minutes since 2019-07-01 00:30:00", begin_date=np.int32(20190701),
            begin_time=np.int32(3000), time_increment=np.int32(10000))
        put(ds, "T2M", "f4", ("time", "lat", "lon"), floats(3, 3, 4), np.float32(1e15), True, missing_value=np.float32(1e15),
            fmissing_value=np.float32(1e15), vmax=np.float32(1e15), valid_range=np.array([-1e15, 1e15], "f4"))
    with create("hadisst.nc", "NETCDF3_CLASSIC") as ds:
        dims(ds, time=None, latitude=3, longitude=4, nv=2)
        put(ds, "time", "f4", ("time",), [14.5, 45.5], units="days since 1870-1-1 0:0:0", calendar="gregorian", bounds="time_bnds", delta_t="0000-01-00 00:00:00")
        put(ds, "time_bnds", "f4", ("time", "nv"), [[0.0, 30], [31, 60]])
        put(ds, "latitude", "f4", ("latitude",), [89.5, 0, -89.5])
        put(ds, "longitude", "f4", ("longitude",), [-179.5, -90, 0, 90])
        values = floats(2, 3, 4)
        values[0, 0] = -1e30
        values[1, 1] = -1000  # ice, which stays a number
        put(ds, "sst", "f4", ("time", "latitude", "longitude"), values, np.float32(-1e30), missing_value=np.float32(-1e30))
    with create("berkeley.nc") as ds:  # years with fractions: no units of time
        dims(ds, time=None, latitude=3, longitude=4, month_number=12)
        put(ds, "time", "f8", ("time",), 1850 + (np.arange(4) + 0.5) / 12, units="year A.D.", standard_name="time")
        put(ds, "temperature", "f4", ("time", "latitude", "longitude"), floats(4, 3, 4), np.float32(np.nan))
        put(ds, "climatology", "f4", ("month_number", "latitude", "longitude"), floats(12, 3, 4))
    with create("twentieth.nc") as ds:
        dims(ds, time=None, level=2, lat=3, lon=4, nbnds=2)
        put(ds, "time", "f8", ("time",), [1569072.0, 1569816], units="hours since 1800-1-1 00:00:0.0", delta_t="0000-01-00 00:00:00", avg_period="0000-01-00",
            actual_range=np.array([1569072.0, 1569816]), axis="T", coordinate_defines="start", bounds="time_bnds")
        put(ds, "time_bnds", "f8", ("time", "nbnds"), [[1569072.0, 1569816], [1569816, 1570488]])
        raw = archive.RANDOM.integers(-30000, 30000, (2, 2, 3, 4)).astype("i2")
        raw[0, 0, 0] = 32766
        put(ds, "air", "i2", ("time", "level", "lat", "lon"), raw, scale_factor=np.float32(0.01), add_offset=np.float32(477.65), missing_value=np.int16(32766))
    with create("cmems.nc") as ds:
        dims(ds, depth=2, latitude=3, longitude=4, time=2)
        put(ds, "depth", "f4", ("depth",), [0.49402499, 1.541375], unit_long="Meters", positive="down", valid_min=np.float32(0.494))
        put(ds, "time", "f4", ("time",), [613620.0, 613644], units="hours since 1950-01-01 00:00:00", calendar="gregorian", _CoordinateAxisType="Time")
        raw = archive.RANDOM.integers(-20000, 20000, (2, 2, 3, 4)).astype("i2")
        raw[1, 1, 1, 1] = -32767
        put(ds, "thetao", "i2", ("time", "depth", "latitude", "longitude"), raw, np.int16(-32767), True, add_offset=21.0, scale_factor=0.0007324442267417908,
            unit_long="Degrees C", _ChunkSizes=np.array([1, 1, 3, 4], "i4"))


def profiles():
    """Argo: char arrays for everything, with fill values of blanks."""
    with create("argo.nc", "NETCDF3_CLASSIC") as ds:
        dims(ds, DATE_TIME=14, STRING2=2, STRING8=8, N_PROF=2, N_PARAM=2, N_LEVELS=4, N_HISTORY=None)
        put(ds, "DATA_TYPE", "S1", ("STRING8",), characters(["Argo pro"], 8)[0], " ", conventions="Argo reference table 1")
        put(ds, "REFERENCE_DATE_TIME", "S1", ("DATE_TIME",), characters(["19500101000000"], 14)[0], " ")
        put(ds, "PLATFORM_NUMBER", "S1", ("N_PROF", "STRING8"), characters(["6901234 ", "6901234 "], 8), " ")
        put(ds, "STATION_PARAMETERS", "S1", ("N_PROF", "N_PARAM", "STRING8"), np.stack([characters(["PRES    ", "TEMP    "], 8)] * 2), " ")
        put(ds, "DIRECTION", "S1", ("N_PROF",), np.array(["A", "D"], "S1"), " ")
        put(ds, "CYCLE_NUMBER", "i4", ("N_PROF",), [1, 99999], np.int32(99999))
        put(ds, "JULD", "f8", ("N_PROF",), [25000.25, 999999.0], 999999.0, units="days since 1950-01-01 00:00:00 UTC", resolution=0.0)
        put(ds, "LATITUDE", "f8", ("N_PROF",), [10.5, 99999.0], 99999.0, valid_min=-90.0)
        values = floats(2, 4)
        values[1, 2:] = 99999
        put(ds, "TEMP", "f4", ("N_PROF", "N_LEVELS"), values, np.float32(99999), C_format="%9.3f", resolution=np.float32(0.001))
        put(ds, "TEMP_QC", "S1", ("N_PROF", "N_LEVELS"), np.array([["1", "1", "4", " "]] * 2, "S1"), " ")


def satellite_grids():
    with create("goes.nc") as ds:
        dims(ds, y=3, x=4, number_of_time_bounds=2, band=1)
        raw = archive.RANDOM.integers(0, 4095, (3, 4)).astype("i2")
        raw[0, 0] = -1
        put(ds, "CMI", "i2", ("y", "x"), raw, np.int16(-1), True, _Unsigned="true", valid_range=np.array([0, 4095], "i2"), scale_factor=np.float32(0.06145332),
            add_offset=np.float32(89.62), coordinates="band_id band_wavelength t y x", grid_mapping="goes_imager_projection", ancillary_variables="DQF")
        put(ds, "DQF", "i1", ("y", "x"), raw.astype("i1"), np.int8(-1), _Unsigned="true", flag_values=np.arange(4, dtype="i1"), flag_meanings="good bad no range")
        for name, size, sign in (("y", 3, -1), ("x", 4, 1)):
            put(ds, name, "i2", (name,), np.arange(size), scale_factor=np.float32(sign * 5.6e-05), add_offset=np.float32(-sign * 0.151844), units="rad", axis=name.upper())
        put(ds, "t", "f8", (), 631152123.456, units="seconds since 2000-01-01 12:00:00", bounds="time_bounds", standard_name="time")
        put(ds, "time_bounds", "f8", ("number_of_time_bounds",), [631152000.0, 631152246.9])
        put(ds, "goes_imager_projection", "i4", (), -2147483647, grid_mapping_name="geostationary", perspective_point_height=35786023.0, sweep_angle_axis="x")
        put(ds, "band_id", "i1", ("band",), [13], units="1")
        put(ds, "band_wavelength", "f4", ("band",), [10.33], units="um")
        put(ds, "percent_good", "f4", (), 99.5)
    with create("modis_l3.nc") as ds:
        dims(ds, lat=3, lon=4, rgb=3, eightbitcolor=16)
        raw = archive.RANDOM.integers(-1000, 8000, (3, 4)).astype("i2")
        raw[1, 1] = -32767
        put(ds, "sst", "i2", ("lat", "lon"), raw, np.int16(-32767), True, scale_factor=np.float32(0.005), add_offset=np.float32(0), display_min=np.float32(-2))
        put(ds, "qual_sst", "u1", ("lat", "lon"), RAW_FLAGS, np.uint8(255), valid_max=np.uint8(5))
        put(ds, "lat", "f4", ("lat",), [80.0, 0, -80], np.float32(-999), valid_min=np.float32(-90))
        put(ds, "lon", "f4", ("lon",), [-170.0, -60, 60, 170], np.float32(-999))
        put(ds, "palette", "u1", ("rgb", "eightbitcolor"), np.arange(48).reshape(3, 16))
        group = ds.createGroup("processing_control")
        group.setncatts({"software_name": "smigen", "software_version": np.float32(1.5)})
        group.createGroup("input_parameters").setncatts({"ifile": "A2020.nc", "resolution": "4km"})
    with h5py.File(archive.at("modis_land.h5"), "w") as file:  # grids that do not name their dims
        grid = file.create_group("HDFEOS/GRIDS/MOD_Grid/Data Fields")
        ndvi = grid.create_dataset("NDVI", data=archive.RANDOM.integers(-2000, 10000, (3, 4)).astype("i2"), chunks=(2, 4), compression="gzip")
        ndvi.attrs["_FillValue"], ndvi.attrs["scale_factor"] = np.int16(-3000), 10000.0
        ndvi.attrs["valid_range"] = np.array([-2000, 10000], "i2")
        grid["Quality"] = archive.RANDOM.integers(0, 65535, (3, 4)).astype("u2")


RAW_FLAGS = np.array([[0, 1, 2, 255], [5, 5, 255, 0], [1, 1, 1, 1]], "u1")


def main():
    climate_models()
    reanalyses_and_gridded()
    profiles()
    satellite_grids()
