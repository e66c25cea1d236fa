from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("welcome/", views.welcome, name="welcome"),
    path("welcome/patient/", views.begin, name="begin"),
    path("welcome/professional/", views.register, name="register"),
]
