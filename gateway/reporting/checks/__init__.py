"""What the parts of a report must agree on before it can be signed (manual: design/sources).

    contradiction   one thing that does not fit, with the field it is shown at
    protocol, comparison, lesions, measures, marked_pictures, status, intervals, recommendations   the rules, by subject
    identity        what in free text looks like who a patient is
    wording         what the impression says in sentences of other answers
    study_facts     what the gateway knows of the study
    study           what the study itself contradicts
    rules           the rules: what is refused, and what is asked and settled by a reason
    table           every check with its field, reason, source and severity

Each rule is one function from an opinion to problems; every rule is evaluated, so the reader sees all of them at once.
"""
