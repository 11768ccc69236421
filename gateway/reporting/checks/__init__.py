"""What the parts of a report must agree on before it can be signed (manual: design/sources).

    contradiction   one thing that does not fit, with the field it is shown at
    protocol, comparison, lesions, measures, marked_pictures, status, intervals, recommendations   the rules, by subject
    study           what the study itself contradicts
    rules           two tables of them: what is refused, and what is asked and settled by a reason

Each rule is one function from an opinion to problems; every rule is evaluated, so the reader sees all of them at once.
"""
