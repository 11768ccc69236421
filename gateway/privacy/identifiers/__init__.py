"""What identifies a patient, person or place in the originals (`values`); does a text say it (`detection`)?

`pieces` puts together what a text says with separators, `numbers` reads what numbers of every VR say.
"""
