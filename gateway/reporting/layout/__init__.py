"""What a form and an outline are built of; what they ask and say is not here.

    items    a question of the form and the section it stands in
    entries  a question with its answer, and the heading it stands under

Pure: no question of the report is named here.
"""
