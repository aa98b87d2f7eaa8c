"""Text: separators, decimal commas, encodings, headers and comments."""

from __future__ import annotations

from tests.unit.file_kinds.kind import MONTH, Kind, N, X, kind, rows


@kind("comma.csv")
def _(folder):
    return Kind("time,u,v\n" + rows())


@kind("semicolon.csv")
def _(folder):
    return Kind("time;u;v\n" + rows(";"))


@kind("german.csv")
def _(folder):
    return Kind("time;u;v\n" + rows(";", decimal=","))


@kind("tabs.tsv")
def _(folder):
    return Kind("time\tu\tv\n" + rows("\t"))


@kind("tabs-and-commas.txt")
def _(folder):
    return Kind("time\tu\tv\n" + rows("\t", decimal=","))


@kind("blanks.dat")
def _(folder):
    return Kind("time u v\n" + rows("   "))


@kind("blanks-and-commas.dat")
def _(folder):
    return Kind("time u v\n" + rows("  ", decimal=","))


@kind("mark.csv")
def _(folder):
    return Kind(b"\xef\xbb\xbf" + ("time,u,v\n" + rows()).encode())


@kind("utf16.csv")
def _(folder):
    return Kind(("time,u,v\n" + rows()).encode("utf-16"))


@kind("windows.csv")
def _(folder):
    return Kind(("time,u,v\n" + rows()).replace("\n", "\r\n").encode())


@kind("no-header.csv")
def _(folder):
    return Kind(rows(), names=["x1", "x2"])


@kind("numbers-only.txt")
def _(folder):
    text = "".join(f"{value}\n" for value in X[:, 0])
    return Kind(text, names=["x1"], values=X[:, :1], options={"time_step": 0.5}, step=0.5)


@kind("no-header-no-time.dat")
def _(folder):
    text = "".join(f"{a} {b}\n" for a, b in X)
    return Kind(text, names=["x1", "x2"], options={"time_step": 2.0}, step=2.0)


@kind("no-time.csv")
def _(folder):
    return Kind("u,v\n" + rows(times=X[:, 0], columns=X[:, 1:]), refused="give time_step")


@kind("soi.csv")
def _(folder):
    table = "".join(f"{1951 + k // 12},{k % 12 + 1},{X[k, 0]}\n" for k in range(N))
    return Kind("Southern Oscillation Index\nYear,Month,Value\n" + table, MONTH, ["Value"], X[:, :1])


@kind("cited.csv")
def _(folder):
    head = "A title, with commas\nSmith, J. et al., 2003: a record. J. Clim. 16\n\n"
    return Kind(head + "time,u,v\n" + rows())


@kind("core.csv")
def _(folder):
    table = "".join(f"{k};{str(X[k, 0]).replace('.', ',')}\n" for k in range(N))
    return Kind("# source: core 1\nage (kyr);d18O (per mil)\n" + table, 1.0, ["d18O"], X[::-1, :1])


@kind("commented-header.txt")
def _(folder):
    return Kind("# station 7\n# time u v\n" + rows(" "))


@kind("units.csv")
def _(folder):
    return Kind("time,u,v\n(days),(m/s),(m/s)\n" + rows())


@kind("units-in-names.dat")
def _(folder):
    return Kind("time (d) u (m/s) v (m/s)\n" + rows(" "))


@kind("footer.csv")
def _(folder):
    return Kind("time,u,v\n" + rows() + "\nMissing values: none\nSource: station 7, 1951\n")


@kind("trailing-separator.csv")
def _(folder):
    return Kind("time,u,v,\n" + rows().replace("\n", ",\n"))


@kind("quoted.csv")
def _(folder):
    return Kind('"time","u","v"\n' + rows())


@kind("row-numbers.csv")
def _(folder):
    lines = rows().splitlines()
    return Kind('"","time","u","v"\n' + "".join(f'"{k}",{line}\n' for k, line in enumerate(lines, 1)))


@kind("with-text.csv")
def _(folder):
    lines = rows().splitlines()
    return Kind("time,u,v,station\n" + "".join(f"{line},north\n" for line in lines))


@kind("longer.csv")
def _(folder):
    return Kind("time,u\n" + rows(), refused="rows have more fields than the header")


@kind("prose.txt")
def _(folder):
    return Kind("It was a dark and stormy night;\nthe rain fell in torrents.\n", refused="it has no rows of numbers")


@kind("bytes.csv")
def _(folder):
    return Kind(bytes(range(256)) * 8, refused="it holds bytes and not text")


@kind("latin.csv")
def _(folder):
    return Kind(("time,größe\n" + rows(columns=X[:, :1])).encode("latin-1"), refused="cannot be read")


@kind("codes.csv")
def _(folder):
    values = X.copy()
    values[[0, 1], 0] = -9999.0
    options = {"missing": [-9999.0], "gaps": "drop-edges"}
    return Kind("time,u,v\n" + rows(columns=values), 1.0, values=X[2:], options=options)
