# The pictures of a run: a rule for each kind, all with the data they show beside them.

for drawing in RUN.drawings:

    rule:
        name:
            drawing.rule
        input:
            drawing.awaited,
        output:
            png=RUN.path(drawing.folder + "/{name}.png"),
            pdf=RUN.path(drawing.folder + "/{name}.pdf"),
            data=RUN.path(drawing.folder + "/{name}.nc"),
            record=RUN.path("records/" + drawing.rule + "/{name}.json"),
        log:
            RUN.path("logs/" + drawing.rule + "/{name}.log"),
        params:
            drawing=drawing.name,
            sources=drawing.sources,
            code=drawing.code,
        script:
            "../scripts/draw.py"
