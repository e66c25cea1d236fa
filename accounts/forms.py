from django import forms


class PatientForm(forms.Form):
    name = forms.CharField(
        label="Your full name",
        max_length=120,
        help_text="People you share your record with will see this name.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class PractitionerForm(forms.Form):
    name = forms.CharField(
        label="Your full name and title",
        max_length=120,
        help_text="For example, Dr Ana Silva",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    profession = forms.CharField(
        label="Your profession", max_length=80, help_text="For example, doctor, nurse or dentist"
    )
    specialty = forms.CharField(label="Your specialty", max_length=80, required=False)
    licence_number = forms.CharField(
        label="Your licence or registration number",
        max_length=60,
        help_text="We check it. Until then patients see you as “unverified”.",
    )
