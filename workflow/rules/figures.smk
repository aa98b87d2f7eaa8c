# The pictures of a run, each with the data it shows beside it: a rule for every job, which draws a few of one kind.

for drawing in RUN.drawings:
    for rule_name, names in drawing.jobs():

        rule:
            name:
                rule_name
            input:
                lambda wildcards, drawing=drawing, names=names: drawing.awaited(names),
            output:
                report([drawing.files(name)[0] for name in names], category="Pictures", subcategory=drawing.folder),
                *[file for name in names for file in drawing.files(name)[1:]],
                *[drawing.record(name) for name in names],
            log:
                [drawing.log(name) for name in names],
            params:
                pictures=lambda wildcards, drawing=drawing, names=names: drawing.pictures(names),
                code=drawing.code,
            script:
                "../scripts/draw.py"
