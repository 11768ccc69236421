"""What has to reach somebody at a hospital or in the reading room, and what came of it.

chain      steps and ways, as the settings give them
critical   a critical result raised with the signature, the chain rung step by step, the acknowledgement
context    what a hospital tells about a study's patient, and what the worker found when it looked
messages   each message taken, sent, failed; the readers told of urgent cases and targets
"""
