# The pictures of a run: a rule for each kind, all with the data they show beside them.

for drawing in RUN.drawings:

    rule:
        name:
            drawing.rule
        input:
            drawing.awaited,
        output:
            png=report(RUN.path(f"{drawing.folder}/{{name}}.png"), category="Pictures", subcategory=drawing.folder),
            pdf=RUN.path(f"{drawing.folder}/{{name}}.pdf"),
            data=RUN.path(f"{drawing.folder}/{{name}}.nc"),
            record=RUN.path(f"records/{drawing.rule}/{{name}}.json"),
        log:
            RUN.path(f"logs/{drawing.rule}/{{name}}.log"),
        params:
            drawing=drawing.name,
            sources=drawing.sources,
            code=drawing.code,
        script:
            "../scripts/draw.py"
